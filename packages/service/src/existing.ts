// A blob that the run names is there, or something is badly wrong.

import type { Sha256 } from "@homebody/base";
import type { Blobs } from "@homebody/store/ports";

export async function existing(hash: Sha256, blobs: Pick<Blobs, "get">): Promise<Uint8Array> {
  const bytes = await blobs.get(hash);
  if (bytes === undefined) throw new Error(`blob ${hash}: expected it in the data folder, got nothing`);
  return bytes;
}
