// The spool in a folder: spool/<upload>, which becomes a blob by being renamed. Both folders have to be on one file system.
//
// A file stays open while its upload lasts: a chunk costs one write. Of an upload that another process began the file says how much
// of it is here; which there are is known from the start, when nobody else writes in the folder any more. What a write that failed left
// in it is cut off again, at once or before the next write. When it is sealed whoever looks at it may read the file by itself.

import { createReadStream } from "node:fs";
import { type FileHandle, readdir, stat } from "node:fs/promises";
import { join } from "node:path";
import { joinedBytes, type Sha256, type UploadId } from "@homebody/base";
import type { FolderBlobs } from "./folder.ts";
import { type Hashed, ifDamaged, inMemory, type Look, type Spool, SpoolMismatch } from "./ports.ts";
import { type Disk, disk, isMissing, lastingFolder, removeFile } from "./sync.ts";

interface Growing {
  readonly upload: UploadId;
  /** Bytes that are known to be good; its file may have more where it is torn. */
  size: number;
  file: FileHandle | undefined;
  /** A write failed, and what it left could not be cut off yet. */
  isTorn: boolean;
}

/** At the end of the name of a file that is written anew. */
const partly = ".part";
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
  /** Those that may have a file. */
  const there = new Set<UploadId>();
  for (const name of await readdir(folder)) {
    if (isUpload.test(name)) there.add(name as UploadId);
    else if (name.endsWith(partly)) await removeFile(join(folder, name), on);
  }

  const begun = (upload: UploadId, size = 0): Growing => ({
    ...{ upload, size, file: undefined, isTorn: false },
  });

  /** What is here of an upload; undefined where there is no file. */
  async function found(upload: UploadId): Promise<Growing | undefined> {
    const known = growing.get(upload);
    if (known !== undefined) return known;
    if (!there.has(upload)) return undefined;
    try {
      const own = begun(upload, (await stat(pathOf(upload))).size);
      growing.set(upload, own);
      return own;
    } catch (error) {
      if (isMissing(error)) return undefined;
      throw error;
    }
  }

  /** All of its bytes. */
  async function read(own: Growing): Promise<Uint8Array> {
    const { size } = own;
    const bytes = new Uint8Array(size);
    await onFile(own, async (file) => {
      for (let at = 0; at < size; ) {
        const { bytesRead } = await file.read(bytes, at, size - at, at);
        if (bytesRead === 0) break; // cut off by somebody: its hash will be another one
        at += bytesRead;
      }
    });
    return bytes;
  }

  /** What somebody found in it. A file that cannot be read is removed: it is sent again. */
  async function seen<T extends Hashed>(own: Growing, hash: Sha256, look: Look<T>): Promise<T> {
    const { upload, size } = own;
    const path = pathOf(upload);
    try {
      if (own.isTorn) await onFile(own, async () => {}); // it is cut, for whoever reads the file without us
      return await look({ sizeBytes: size, path, read: () => read(own) });
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "EIO") throw error;
      await closed(own).catch(() => {});
      await removeFile(path, on);
      throw new SpoolMismatch(upload, `hash ${hash}`, "an error of the disk (EIO)");
    }
  }

  /** Works on its file, which stays open afterwards; too many that do are closed. */
  async function onFile(own: Growing, work: (file: FileHandle) => Promise<void>) {
    idle.delete(own);
    there.add(own.upload);
    own.file ??= await on.open(pathOf(own.upload), "a+", 0o600);
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

  async function sealedBefore<T extends Hashed>(upload: UploadId, hash: Sha256, look: Look<T>): Promise<T> {
    const bytes = await blobs.get(hash).catch(ifDamaged);
    if (bytes === undefined) throw new SpoolMismatch(upload, `hash ${hash}`, "nothing");
    await blobs.put(bytes); // it may be there, and not durable yet
    return look(inMemory(bytes));
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
    const path = pathOf(own.upload);
    const part = `${path}${partly}`;
    try {
      const file = await on.open(part, "w", 0o600);
      try {
        for await (const piece of createReadStream(path)) await file.writeFile(piece as Uint8Array);
      } finally {
        await file.close();
      }
      await on.rename(part, path);
    } catch (error) {
      await removeFile(part, on).catch(() => {});
      throw error;
    }
  }

  return {
    size: async (upload) => (await found(upload))?.size ?? 0,
    append: async (upload, offset, ...pieces) => {
      const own = (await found(upload)) ?? begun(upload);
      if (offset !== own.size) throw new SpoolMismatch(upload, `offset ${own.size}`, `${offset}`);
      growing.set(upload, own);
      try {
        await onFile(own, (file) => writeAll(file, pieces));
      } catch (error) {
        if (own.file === undefined && !own.isTorn)
          growing.delete(upload); // nothing was written
        else await mended(own);
        throw error; // the first one is the one to tell
      }
      own.size += lengthOf(pieces);
      return own.size;
    },
    seal: async (upload, hash, look) => {
      const own = await found(upload);
      if (own === undefined) return sealedBefore(upload, hash, look);
      growing.delete(upload); // from now on its file, or its blob, says what is here
      try {
        const inside = await seen(own, hash, look);
        if (inside.sha256 !== hash) throw new SpoolMismatch(upload, `hash ${hash}`, inside.sha256);
        await synced(own);
        await closed(own);
        await blobs.adopt(pathOf(upload), hash);
        there.delete(upload);
        return inside;
      } finally {
        await closed(own).catch(() => {});
      }
    },
    remove: async (upload) => {
      await forget(upload);
      unsynced.delete(upload);
      if (!there.has(upload)) return;
      await removeFile(pathOf(upload), on);
      there.delete(upload);
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

const lengthOf = (pieces: readonly Uint8Array[]) => pieces.reduce((sum, { length }) => sum + length, 0);

/** Most disks take all of it at once. */
async function writeAll(file: FileHandle, pieces: readonly Uint8Array[]): Promise<void> {
  const { bytesWritten } = await file.writev(pieces);
  if (bytesWritten < lengthOf(pieces)) await file.writeFile(joinedBytes(pieces).subarray(bytesWritten));
}
