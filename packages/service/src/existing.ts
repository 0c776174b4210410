// Blobs that the run names, read: what is there with the bytes that its name promises, and what is not.

import type { Sha256 } from "@homebody/base";
import type { DropReason } from "@homebody/coordinator";
import { type Blobs, blobFile } from "@homebody/store/ports";

type ReadBlobs = Pick<Blobs, "get">;

/** A blob that has to be there, or something is badly wrong. */
export async function existing(hash: Sha256, blobs: ReadBlobs): Promise<Uint8Array> {
  const bytes = await blobs.get(hash);
  if (bytes === undefined) throw new Error(`${blobFile(hash)}: expected it in the data folder, got nothing`);
  return bytes;
}

/** Its bytes, or what became of them. Throws where the disk cannot be asked, which may pass. */
export async function looked(hash: Sha256, blobs: ReadBlobs): Promise<Uint8Array | DropReason> {
  try {
    return (await blobs.get(hash)) ?? "missing";
  } catch (error) {
    if ((error as Error).name !== "BlobDamaged") throw error;
    return "damaged";
  }
}

export async function isWhole(hash: Sha256, blobs: ReadBlobs): Promise<boolean> {
  return typeof (await looked(hash, blobs)) !== "string";
}
