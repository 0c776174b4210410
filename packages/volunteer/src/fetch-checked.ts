// What the coordinator serves by its hash, checked by it.

import { InputError, type Sha256, sha256OfMany } from "@homebody/base";
import type { Net } from "./ports.ts";

/** `progress` hears of bytes. Throws an InputError where what came is something else, and NetError. */
export async function fetchChecked(
  net: Pick<Net, "download">,
  path: string,
  { sha256, sizeBytes }: { readonly sha256: Sha256; readonly sizeBytes: number },
  where: string,
  progress: (done: number) => void,
  signal: AbortSignal,
): Promise<Uint8Array> {
  const bytes = await net.download(path, sizeBytes, progress, signal);
  const got = await sha256OfMany(bytes);
  if (got !== sha256) throw new InputError(where, `hash ${sha256}`, got);
  return bytes;
}
