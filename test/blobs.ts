// What a data folder holds, also where a coordinator is at work in it (small deltas are in its log, not in files); and what disks do
// to it.

import { existsSync, readFileSync, rmSync, statSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Sha256 } from "@homebody/base";
import { blobFile, folderBlobs, ifDamaged } from "@homebody/store";

/** A bit that fell over; a file that a power cut left short; one that is gone. */
export type Damage = "flipped" | "torn" | "missing";
export const damages: readonly Damage[] = ["flipped", "torn", "missing"];

/** Undefined where it is not there, or not whole. */
export const blobIn =
  (dataDir: string) =>
  async (hash: Sha256): Promise<Uint8Array | undefined> => {
    const blobs = await folderBlobs(join(dataDir, "blobs"));
    return blobs.get(hash).catch(ifDamaged);
  };

export function damageBlob(dataDir: string, hash: Sha256, how: Damage): void {
  const path = join(dataDir, blobFile(hash));
  if (!existsSync(path)) damageLogged(join(dataDir, "blobs.log"), hash, how);
  else if (how === "missing") rmSync(path);
  else if (how === "torn") truncateSync(path, statSync(path).size >> 1);
  else {
    const bytes = readFileSync(path);
    bytes[bytes.length - 1] = bytes.at(-1)! ^ 1;
    writeFileSync(path, bytes);
  }
}

/** Of a blob that has no file yet: 32 bytes of its hash, its size, itself. */
function damageLogged(path: string, hash: Sha256, how: Damage): void {
  const log = readFileSync(path);
  const head = log.indexOf(Buffer.from(hash, "hex"));
  if (head < 0) throw new Error(`${hash} is neither in a file nor in the log`);
  const [start, size] = [head + 36, log.readUInt32LE(head + 32)];
  if (how === "flipped") log[start + size - 1] = log[start + size - 1]! ^ 1;
  else log.fill(0, start + (how === "torn" ? size >> 1 : 0), start + size);
  if (how === "missing") log.fill(0, head, head + 32);
  writeFileSync(path, log);
}
