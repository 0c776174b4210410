// The spool in a folder: spool/<upload>, which becomes a blob by being renamed. Both folders have to be on one file system.
//
// Bytes are hashed as they come, and a file stays open while its upload lasts: a chunk costs one write. Of an upload that
// another process began, or whose last write failed, the file says how much of it is here.

import { createReadStream } from "node:fs";
import { type FileHandle, open, readdir, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import { type Hasher, hasher, type UploadId } from "@homebody/base";
import type { FolderBlobs } from "./folder.ts";
import { type Spool, SpoolMismatch } from "./ports.ts";
import { isMissing, lastingFolder } from "./sync.ts";

interface Growing {
  size: number;
  /** Of all bytes so far. */
  readonly hash: Hasher;
  file: FileHandle | undefined;
}

const isUpload = /^[0-9a-f]{32}$/;
/** A process may have a thousand files open, of which sockets take their part. */
const mostOpen = 256;

export async function folderSpool(folder: string, blobs: FolderBlobs): Promise<Spool> {
  await lastingFolder(folder);
  const pathOf = (upload: UploadId) => join(folder, upload);
  const growing = new Map<UploadId, Growing>();
  /** Those whose file is open and not in use, the one that was used longest ago first. */
  const idle = new Set<Growing>();

  /** What is here of an upload; undefined where there is no file. */
  async function found(upload: UploadId): Promise<Growing | undefined> {
    const known = growing.get(upload);
    if (known !== undefined) return known;
    const own: Growing = { size: 0, hash: hasher(), file: undefined };
    try {
      for await (const piece of createReadStream(pathOf(upload))) {
        own.hash.add(piece as Uint8Array);
        own.size += (piece as Uint8Array).length;
      }
    } catch (error) {
      if (isMissing(error)) return undefined;
      throw error;
    }
    growing.set(upload, own);
    return own;
  }

  /** Works on its file, which stays open afterwards; too many that do are closed. */
  async function onFile(upload: UploadId, own: Growing, work: (file: FileHandle) => Promise<void>) {
    idle.delete(own);
    own.file ??= await open(pathOf(upload), "a", 0o600);
    await work(own.file);
    idle.add(own);
    for (const other of idle) {
      if (idle.size <= mostOpen) break;
      await closed(other);
    }
  }

  async function closed(own: Growing): Promise<void> {
    idle.delete(own);
    const { file } = own;
    own.file = undefined;
    await file?.close();
  }

  async function forget(upload: UploadId): Promise<void> {
    const own = growing.get(upload);
    growing.delete(upload);
    if (own !== undefined) await closed(own);
  }

  return {
    size: async (upload) => {
      const known = growing.get(upload);
      if (known !== undefined) return known.size;
      try {
        return (await stat(pathOf(upload))).size;
      } catch (error) {
        if (isMissing(error)) return 0;
        throw error;
      }
    },
    append: async (upload, offset, bytes) => {
      const own = (await found(upload)) ?? { size: 0, hash: hasher(), file: undefined };
      if (offset !== own.size) throw new SpoolMismatch(upload, `offset ${own.size}`, `${offset}`);
      growing.set(upload, own);
      try {
        await onFile(upload, own, (file) => file.writeFile(bytes));
      } catch (error) {
        await forget(upload).catch(() => {}); // the first error is the one to tell
        throw error;
      }
      own.hash.add(bytes);
      own.size += bytes.length;
      return own.size;
    },
    seal: async (upload, hash) => {
      const own = await found(upload);
      if (own === undefined && (await blobs.size(hash)) !== undefined) return;
      const got = own?.hash.done();
      growing.delete(upload); // what its hash was made of is spent: whoever goes on reads the file again
      try {
        if (own === undefined || got !== hash)
          throw new SpoolMismatch(upload, `hash ${hash}`, got ?? "nothing");
        await onFile(upload, own, (file) => file.sync());
      } finally {
        if (own !== undefined) await closed(own);
      }
      await blobs.adopt(pathOf(upload), hash);
    },
    remove: async (upload) => {
      await forget(upload);
      await rm(pathOf(upload), { force: true });
    },
    list: async () => {
      const names = (await readdir(folder)).filter((name) => isUpload.test(name)) as UploadId[];
      const sizeOf = async (upload: UploadId) => (await stat(pathOf(upload))).size;
      return Promise.all(names.map(async (upload) => ({ upload, sizeBytes: await sizeOf(upload) })));
    },
    close: async () => {
      for (const upload of [...growing.keys()]) await forget(upload);
    },
  };
}
