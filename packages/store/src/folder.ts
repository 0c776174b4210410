// Blobs in a folder: blobs/ab/<sha256>.
//
// A blob is written beside, synced, renamed, and its folder synced: under its name there is either all of it or nothing.

import { createReadStream } from "node:fs";
import { open, readdir, readFile, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import { type Sha256, sha256Of } from "@homebody/base";
import type { Blobs } from "./ports.ts";
import { isMissing, lastingFolder, lastingRename } from "./sync.ts";

const isHash = /^[0-9a-f]{64}$/;

export interface FolderBlobs extends Blobs {
  /** Takes a synced file as the blob of this hash; the file is gone afterwards. */
  adopt(path: string, hash: Sha256): Promise<void>;
}

export async function folderBlobs(folder: string): Promise<FolderBlobs> {
  await lastingFolder(folder);
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

  async function put(bytes: Uint8Array): Promise<Sha256> {
    const hash = sha256Of(bytes);
    if ((await size(hash)) === bytes.length) return hash;
    parts += 1;
    const part = join(folder, `${hash}.${process.pid}.${parts}.part`);
    const file = await open(part, "w", 0o600);
    try {
      await file.writeFile(bytes);
      await file.sync();
    } finally {
      await file.close();
    }
    await lastingRename(part, pathOf(hash));
    return hash;
  }

  return {
    put,
    size,
    get: async (hash) => {
      try {
        const bytes = await readFile(pathOf(hash));
        return new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength);
      } catch (error) {
        if (isMissing(error)) return undefined;
        throw error;
      }
    },
    stream: async (hash, { start, end }) => {
      if ((await size(hash)) === undefined) return undefined;
      return end > start ? createReadStream(pathOf(hash), { start, end: end - 1 }) : nothing();
    },
    remove: async (hash) => rm(pathOf(hash), { force: true }),
    list: async () => {
      const entries = await readdir(folder, { recursive: true, withFileTypes: true });
      return entries
        .filter((entry) => entry.isFile() && isHash.test(entry.name))
        .map((entry) => entry.name as Sha256)
        .sort();
    },
    adopt: (path, hash) => lastingRename(path, pathOf(hash)),
  };
}

async function* nothing(): AsyncGenerator<Uint8Array> {}
