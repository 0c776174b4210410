// The admin's token: made at the first start, kept in the data folder for the host's eyes alone (mode 0600),
// never logged and never in a URL.

import { createHash, randomBytes, timingSafeEqual } from "node:crypto";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";

export function adminTokenPath(dataDir: string): string {
  return join(dataDir, "admin-token");
}

export async function adminToken(dataDir: string): Promise<string> {
  const path = adminTokenPath(dataDir);
  try {
    const token = (await readFile(path, "utf8")).trim();
    if (token.length >= 20) return token;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ENOENT") throw error;
  }
  const token = randomBytes(24).toString("hex"); // never begins with a dash, which a command line takes for an option
  await writeFile(path, `${token}\n`, { mode: 0o600 });
  return token;
}

/** Whether a token is this one; compared in constant time, so that guessing tells nothing. */
export function tokenCheck(token: string): (given: string) => boolean {
  const digest = (text: string) => createHash("sha256").update(text).digest();
  const expected = digest(token);
  return (given) => timingSafeEqual(digest(given), expected);
}
