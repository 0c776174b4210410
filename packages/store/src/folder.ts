// Blobs in a folder: blobs/ab/<sha256>.
//
// A blob is written beside, synced, renamed, and its folder synced: under its name there is either all of it or nothing. A small one
// is synced with others, by the log (blob-log.ts), where there is one. What disks do to a blob later is noticed when it is read: its
// name is its hash.

import { createReadStream } from "node:fs";
import { readdir, readFile, stat } from "node:fs/promises";
import { dirname, join } from "node:path";
import { atOnce, type Sha256, sha256Of } from "@homebody/base";
import { type BlobLog, blobLog, loggedIn } from "./blob-log.ts";
import { BlobDamaged, type Blobs } from "./ports.ts";
import {
  type Disk,
  disk,
  isMissing,
  lastingFolder,
  lastingRename,
  removeFile,
  syncFile,
  syncFolder,
  writeSynced,
} from "./sync.ts";

const isHash = /^[0-9a-f]{64}$/;

export interface FolderBlobs extends Blobs {
  /** Takes a synced file of this hash as its blob; the file is gone afterwards. */
  adopt(path: string, hash: Sha256): Promise<void>;
  /** Whether it is there, with the bytes that its name promises. */
  isWhole(hash: Sha256): Promise<boolean>;
  /**
   * For whoever has the folder's lock, before anything is written: removes what writers that were killed left half-way, writes again
   * what a power cut took that the log has, and from now on small blobs are made durable together by a log of this path.
   */
  logTo(path: string): Promise<void>;
  /** Each blob is durable by itself. */
  close(): Promise<void>;
}

/** Larger ones are written by themselves. */
const smallBytes = 64 * 1024;
/** Files that are synced at once. */
const syncedAtOnce = 64;
/** New files that are written at once: few, so that the first ones are whole soon, and are synced while the next are written. */
const writtenAtOnce = 8;

export async function folderBlobs(folder: string, on: Disk = disk): Promise<FolderBlobs> {
  await lastingFolder(folder, on);
  const pathOf = (hash: Sha256) => join(folder, hash.slice(0, 2), hash);
  const folders = new Set<string>();
  const fewWrite = atOnce(writtenAtOnce);
  let parts = 0;
  let log: BlobLog | undefined;
  /** Small ones that are being written. */
  const coming = new Map<Sha256, Promise<void>>();

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
    const own = coming.get(hash);
    if (own !== undefined) await own;
    else if (log === undefined || bytes.length > smallBytes) await putByItself(hash, bytes);
    else {
      const put = putTogether(hash, bytes, log);
      coming.set(hash, put);
      await put.finally(() => coming.delete(hash));
    }
    return hash;
  }

  /** Whether it is there already; then it is durable. */
  async function isKept(hash: Sha256): Promise<boolean> {
    if (!(await isWhole(hash))) return false;
    if (!log?.has(hash)) await settle([hash]); // it may be a writer's that was killed before it did this
    return true;
  }

  async function putByItself(hash: Sha256, bytes: Uint8Array): Promise<void> {
    if (await isKept(hash)) return;
    const part = partOf(hash);
    await writeSynced(part, bytes, on);
    await orRemoved(part, () => lastingRename(part, pathOf(hash), on));
  }

  async function putTogether(hash: Sha256, bytes: Uint8Array, by: BlobLog): Promise<void> {
    const path = pathOf(hash);
    await folderOf(path);
    const isNew = await fewWrite(1, () => on.writeNew(path, bytes));
    if (!isNew) return putByItself(hash, bytes);
    await orRemoved(path, () => by.add(hash, bytes));
  }

  /** It is there, and its name is durable. */
  async function folderOf(path: string): Promise<void> {
    const parent = dirname(path);
    if (folders.has(parent)) return;
    await lastingFolder(parent, on);
    folders.add(parent);
  }

  function partOf(hash: Sha256): string {
    parts += 1;
    return join(folder, `${hash}.${process.pid}.${parts}.part`);
  }

  async function orRemoved(path: string, work: () => Promise<void>): Promise<void> {
    try {
      await work();
    } catch (error) {
      await removeFile(path, on).catch(() => {}); // the first error is the one to tell
      throw error;
    }
  }

  /** Those that are there are on the disk, and so are their names. */
  async function settle(hashes: readonly Sha256[]): Promise<void> {
    const few = atOnce(syncedAtOnce);
    const paths = hashes.map(pathOf);
    const folders = [...new Set(paths.map(dirname))];
    await Promise.all(paths.map((path) => few(1, () => syncFile(path, on))));
    await Promise.all(folders.map((path) => few(1, () => syncFolder(path, on))));
  }

  async function logTo(path: string): Promise<void> {
    for (const name of await readdir(folder))
      if (name.endsWith(".part")) await removeFile(join(folder, name), on);
    const logged = await loggedIn(path);
    for (const [hash, bytes] of logged) if (!(await isWhole(hash))) await putByItself(hash, bytes);
    await settle([...logged.keys()]);
    log = await blobLog(path, { on, settle });
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
    remove: async (hash) => {
      await removeFile(pathOf(hash), on);
      log?.gone(hash);
    },
    list: async () => {
      const entries = await readdir(folder, { recursive: true, withFileTypes: true });
      return entries
        .filter((entry) => entry.isFile() && isHash.test(entry.name))
        .map((entry) => entry.name as Sha256)
        .sort();
    },
    adopt: async (path, hash) => {
      // What is whole is not written over: a rename that fails is taken back.
      if (!(await isKept(hash))) return lastingRename(path, pathOf(hash), on);
      await removeFile(path, on);
    },
    logTo,
    close: async () => {
      await log?.close();
      log = undefined;
    },
  };
}

async function* nothing(): AsyncGenerator<Uint8Array> {}
