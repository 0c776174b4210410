// The secrets of a device: what it is known by, and what its first words follow from. Each is made where there is none.

import { toHex } from "@homebody/base";

/** Files of 64 hex digits, where a device keeps what is of no run. */
export const secretFiles = { identity: "identity", words: "words-secret" } as const;

export async function keptSecret(file: {
  read(): Promise<string | undefined>;
  write(text: string): Promise<void>;
}): Promise<string> {
  const kept = await file.read();
  if (kept !== undefined && /^[0-9a-f]{64}$/.test(kept)) return kept;
  const secret = toHex(crypto.getRandomValues(new Uint8Array(32)));
  await file.write(secret);
  return secret;
}
