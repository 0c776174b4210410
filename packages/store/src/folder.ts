// Blobs and the spool in folders: blobs/ab/<sha256>, spool/<upload>.
//
// A blob is written beside, synced, renamed, and its folder synced: under its name there is either all of it or
// nothing. A sealed upload is the spool's own file, renamed. Both folders have to be on one file system.

import { createReadStream } from "node:fs";
import { open, readdir, readFile, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import { hasher, type Sha256, sha256Of, type UploadId } from "@homebody/base";
import { type Blobs, type Spool, SpoolMismatch } from "./ports.ts";
import { isMissing, lastingFolder, lastingRename } from "./sync.ts";

const isHash = /^[0-9a-f]{64}$/;
const isUpload = /^[0-9a-f]{32}$/;

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

export async function folderSpool(folder: string, blobs: FolderBlobs): Promise<Spool> {
  await lastingFolder(folder);
  const pathOf = (upload: UploadId) => join(folder, upload);

  async function size(upload: UploadId): Promise<number> {
    try {
      return (await stat(pathOf(upload))).size;
    } catch (error) {
      if (isMissing(error)) return 0;
      throw error;
    }
  }

  async function append(upload: UploadId, offset: number, bytes: Uint8Array): Promise<number> {
    const held = await size(upload);
    if (offset !== held) throw new SpoolMismatch(upload, `offset ${held}`, `${offset}`);
    const file = await open(pathOf(upload), "a", 0o600);
    try {
      await file.writeFile(bytes);
    } finally {
      await file.close();
    }
    return held + bytes.length;
  }

  async function seal(upload: UploadId, hash: Sha256): Promise<void> {
    const got = await hashOf(pathOf(upload));
    if (got === undefined && (await blobs.size(hash)) !== undefined) return;
    if (got !== hash) throw new SpoolMismatch(upload, `hash ${hash}`, got ?? "nothing");
    const file = await open(pathOf(upload), "r+");
    try {
      await file.sync();
    } finally {
      await file.close();
    }
    await blobs.adopt(pathOf(upload), hash);
  }

  return {
    size,
    append,
    seal,
    remove: async (upload) => rm(pathOf(upload), { force: true }),
    list: async () => {
      const names = (await readdir(folder)).filter((name) => isUpload.test(name)) as UploadId[];
      return Promise.all(names.map(async (upload) => ({ upload, sizeBytes: await size(upload) })));
    },
  };
}

async function hashOf(path: string): Promise<Sha256 | undefined> {
  const hash = hasher();
  try {
    for await (const piece of createReadStream(path)) hash.add(piece as Uint8Array);
  } catch (error) {
    if (isMissing(error)) return undefined;
    throw error;
  }
  return hash.done();
}
