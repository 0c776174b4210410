// The spool in a folder: spool/<upload>, which becomes a blob by being renamed. Both folders have to be on one file system.
//
// Bytes are hashed as they come, and a file stays open while its upload lasts: a chunk costs one write. Of an upload that
// another process began the file says how much of it is here. What a write that failed left in it is cut off again, at once or
// before the next write.

import { createReadStream } from "node:fs";
import { type FileHandle, readdir, stat } from "node:fs/promises";
import { join } from "node:path";
import { type Hasher, hasher, type UploadId } from "@homebody/base";
import type { FolderBlobs } from "./folder.ts";
import { type Spool, SpoolMismatch } from "./ports.ts";
import { type Disk, disk, isMissing, lastingFolder } from "./sync.ts";

interface Growing {
  readonly upload: UploadId;
  /** Bytes that are known to be good; its file may have more where it is torn. */
  size: number;
  /** Of all these bytes. */
  readonly hash: Hasher;
  file: FileHandle | undefined;
  /** A write failed, and what it left could not be cut off yet. */
  isTorn: boolean;
}

const isUpload = /^[0-9a-f]{32}$/;
/** A process may have a thousand files open, of which sockets take their part. */
const mostOpen = 256;

export async function folderSpool(folder: string, blobs: FolderBlobs, on: Disk = disk): Promise<Spool> {
  await lastingFolder(folder, on);
  const pathOf = (upload: UploadId) => join(folder, upload);
  const growing = new Map<UploadId, Growing>();
  /** Those whose file is open and not in use, the one that was used longest ago first. */
  const idle = new Set<Growing>();
  /** Those of which a sync failed: the system may call their bytes written that are not. */
  const unsynced = new Set<UploadId>();

  const begun = (upload: UploadId): Growing => ({
    ...{ upload, size: 0, hash: hasher(), file: undefined, isTorn: false },
  });

  /** What is here of an upload; undefined where there is no file, or none that can be read. */
  async function found(upload: UploadId): Promise<Growing | undefined> {
    const known = growing.get(upload);
    if (known !== undefined) return known;
    const own = begun(upload);
    try {
      for await (const piece of createReadStream(pathOf(upload))) {
        own.hash.add(piece as Uint8Array);
        own.size += (piece as Uint8Array).length;
      }
    } catch (error) {
      if (isMissing(error)) return undefined;
      if ((error as NodeJS.ErrnoException).code !== "EIO") throw error;
      await on.rm(pathOf(upload), { force: true }); // it is sent again
      return undefined;
    }
    growing.set(upload, own);
    return own;
  }

  /** Works on its file, which stays open afterwards; too many that do are closed. */
  async function onFile(own: Growing, work: (file: FileHandle) => Promise<void>) {
    idle.delete(own);
    own.file ??= await on.open(pathOf(own.upload), "a", 0o600);
    if (own.isTorn) await cut(own);
    await work(own.file);
    idle.add(own);
    for (const other of idle) {
      if (idle.size <= mostOpen) break;
      // Its file says what is here of it, if closing it does not.
      await closed(other).catch(() => growing.delete(other.upload));
    }
  }

  async function cut(own: Growing): Promise<void> {
    await own.file!.truncate(own.size);
    own.isTorn = false;
  }

  /** After a write that failed: the file has what it had before, or is known not to. */
  async function mended(own: Growing): Promise<void> {
    own.isTorn = true;
    if (own.file !== undefined) await cut(own).catch(() => {});
    await closed(own).catch(() => {});
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
    if (own !== undefined) await closed(own).catch(() => {});
  }

  async function synced(own: Growing): Promise<void> {
    const { upload } = own;
    if (unsynced.has(upload)) await rewritten(own);
    unsynced.add(upload);
    await onFile(own, (file) => file.sync());
    unsynced.delete(upload);
  }

  /** Its bytes in a file of their own: syncing the old one again would say nothing. */
  async function rewritten(own: Growing): Promise<void> {
    await closed(own);
    const [path, part] = [pathOf(own.upload), `${pathOf(own.upload)}.part`];
    try {
      const file = await on.open(part, "w", 0o600);
      try {
        for await (const piece of createReadStream(path)) await file.writeFile(piece as Uint8Array);
      } finally {
        await file.close();
      }
      await on.rename(part, path);
    } catch (error) {
      await on.rm(part, { force: true }).catch(() => {});
      throw error;
    }
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
      const own = (await found(upload)) ?? begun(upload);
      if (offset !== own.size) throw new SpoolMismatch(upload, `offset ${own.size}`, `${offset}`);
      growing.set(upload, own);
      try {
        await onFile(own, (file) => file.writeFile(bytes));
      } catch (error) {
        await mended(own); // and the first error is the one to tell
        throw error;
      }
      own.hash.add(bytes);
      own.size += bytes.length;
      return own.size;
    },
    seal: async (upload, hash) => {
      const own = await found(upload);
      if (own === undefined && (await blobs.isWhole(hash))) return;
      if (own?.isTorn) await onFile(own, async () => {});
      const got = own?.hash.done();
      growing.delete(upload); // what its hash was made of is spent: whoever goes on reads the file again
      try {
        if (own === undefined || got !== hash)
          throw new SpoolMismatch(upload, `hash ${hash}`, got ?? "nothing");
        await synced(own);
      } finally {
        if (own !== undefined) await closed(own).catch(() => {});
      }
      await blobs.adopt(pathOf(upload), hash);
    },
    remove: async (upload) => {
      await forget(upload);
      unsynced.delete(upload);
      for (const path of [pathOf(upload), `${pathOf(upload)}.part`]) await on.rm(path, { force: true });
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
