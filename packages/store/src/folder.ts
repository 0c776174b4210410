// Blobs in a folder: blobs/ab/<sha256>.
//
// A blob is written beside, synced, renamed, and its folder synced: under its name there is either all of it or nothing. What
// disks do to it later is noticed when it is read: its name is its hash.

import { createReadStream } from "node:fs";
import { readdir, readFile, stat } from "node:fs/promises";
import { dirname, join } from "node:path";
import { type Sha256, sha256Of } from "@homebody/base";
import { BlobDamaged, type Blobs } from "./ports.ts";
import { type Disk, disk, isMissing, lastingFolder, lastingRename, syncFolder, writeSynced } from "./sync.ts";

const isHash = /^[0-9a-f]{64}$/;

export interface FolderBlobs extends Blobs {
  /** Takes a synced file of this hash as its blob; the file is gone afterwards. */
  adopt(path: string, hash: Sha256): Promise<void>;
  /** Whether it is there, with the bytes that its name promises. */
  isWhole(hash: Sha256): Promise<boolean>;
  /** Removes what writers that were killed left half-way: for whoever has the folder's lock, before anything is written. */
  sweep(): Promise<void>;
}

export async function folderBlobs(folder: string, on: Disk = disk): Promise<FolderBlobs> {
  await lastingFolder(folder, on);
  const pathOf = (hash: Sha256) => join(folder, hash.slice(0, 2), hash);
  let parts = 0;

  async function size(hash: Sha256): Promise<number | undefined> {
    try {
      return (await stat(pathOf(hash))).size;
    } catch (error) {
      if (isMissing(error)) return undefined;
      throw error;
    }
  }

  async function get(hash: Sha256): Promise<Uint8Array | undefined> {
    const bytes = await readFile(pathOf(hash)).catch((error: NodeJS.ErrnoException) => {
      if (isMissing(error)) return undefined;
      if (error.code === "EIO") throw new BlobDamaged(hash, "an error of the disk (EIO)");
      throw error;
    });
    if (bytes === undefined) return undefined;
    const got = sha256Of(bytes);
    if (got !== hash) throw new BlobDamaged(hash, `${bytes.length} bytes of hash ${got}`);
    return new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  async function isWhole(hash: Sha256): Promise<boolean> {
    if ((await size(hash)) === undefined) return false;
    try {
      return (await get(hash)) !== undefined;
    } catch (error) {
      if (error instanceof BlobDamaged) return false;
      throw error;
    }
  }

  async function put(bytes: Uint8Array): Promise<Sha256> {
    const hash = sha256Of(bytes);
    if (await isWhole(hash)) {
      await syncFolder(dirname(pathOf(hash)), on); // it may be a writer's that was killed before it did this
      return hash;
    }
    parts += 1;
    const part = join(folder, `${hash}.${process.pid}.${parts}.part`);
    await writeSynced(part, bytes, on);
    try {
      await lastingRename(part, pathOf(hash), on);
    } catch (error) {
      await on.rm(part, { force: true }).catch(() => {});
      throw error;
    }
    return hash;
  }

  return {
    put,
    size,
    get,
    isWhole,
    stream: async (hash, { start, end }) => {
      if ((await size(hash)) === undefined) return undefined;
      return end > start ? createReadStream(pathOf(hash), { start, end: end - 1 }) : nothing();
    },
    remove: async (hash) => on.rm(pathOf(hash), { force: true }),
    list: async () => {
      const entries = await readdir(folder, { recursive: true, withFileTypes: true });
      return entries
        .filter((entry) => entry.isFile() && isHash.test(entry.name))
        .map((entry) => entry.name as Sha256)
        .sort();
    },
    adopt: async (path, hash) => {
      // What is whole is not written over: a rename that fails is taken back.
      if (!(await isWhole(hash))) return lastingRename(path, pathOf(hash), on);
      await syncFolder(dirname(pathOf(hash)), on);
      await on.rm(path, { force: true });
    },
    sweep: async () => {
      for (const name of await readdir(folder))
        if (name.endsWith(".part")) await on.rm(join(folder, name), { force: true });
    },
  };
}

async function* nothing(): AsyncGenerator<Uint8Array> {}
