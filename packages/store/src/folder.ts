// Blobs in a folder: blobs/ab/<sha256>.
//
// A blob is written beside, synced, renamed, and its folder synced: under its name there is either all of it or nothing. A small
// passing one is in a log beside the folder instead, with others (blob-log.ts), and has a file only if it stays for longer than the
// log. What disks do to a blob later is noticed when it is read: its name is its hash.

import { createReadStream } from "node:fs";
import { readdir, readFile, stat } from "node:fs/promises";
import { dirname, join } from "node:path";
import { atOnce, type Sha256, sha256Of } from "@homebody/base";
import { type BlobLog, blobLog, type Logged, loggedIn, logOfAnother } from "./blob-log.ts";
import { BlobDamaged, type Blobs, ifDamaged } from "./ports.ts";
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
   * For whoever has the folder's lock, before anything is written: removes what writers that were killed left half-way, gives what
   * the log has files of their own, and from now on small passing blobs are put into the log.
   */
  takeLog(): Promise<void>;
  /** Each blob has its file. */
  close(): Promise<void>;
}

/** Larger ones are written by themselves. */
const smallBytes = 64 * 1024;
/** Files that are written at once. */
const writtenAtOnce = 64;

export async function folderBlobs(folder: string, on: Disk = disk): Promise<FolderBlobs> {
  await lastingFolder(folder, on);
  const pathOf = (hash: Sha256) => join(folder, hash.slice(0, 2), hash);
  const logPath = `${folder}.log`;
  let parts = 0;
  /** Of whoever has the folder, which may be this one. */
  let logged: Logged = logOfAnother(logPath);
  let log: BlobLog | undefined;
  /** Those that are on their way into the log. */
  const coming = new Map<Sha256, Promise<void>>();

  /** From the log it goes into its file. Of another's log the heads are read, so that the file is looked for first, and once more. */
  async function size(hash: Sha256): Promise<number | undefined> {
    const inFile = log === undefined ? await fileSize(hash) : undefined;
    return inFile ?? (await logged.size(hash)) ?? (await fileSize(hash));
  }

  async function get(hash: Sha256): Promise<Uint8Array | undefined> {
    const bytes = log === undefined ? await inFile(hash) : undefined;
    if (bytes !== undefined) return bytes;
    // While the log is begun anew other bytes may stand there.
    const inLog = logged.get(hash);
    return (await inLog.catch(ifDamaged)) ?? (await inFile(hash)) ?? inLog;
  }

  async function fileSize(hash: Sha256): Promise<number | undefined> {
    try {
      return (await stat(pathOf(hash))).size;
    } catch (error) {
      if (isMissing(error)) return undefined;
      throw error;
    }
  }

  async function inFile(hash: Sha256): Promise<Uint8Array | undefined> {
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

  const isTrue = async (read: Promise<Uint8Array | undefined>) => (await read.catch(ifDamaged)) !== undefined;

  async function put(bytes: Uint8Array, stay?: "passing"): Promise<Sha256> {
    const hash = sha256Of(bytes);
    const own = coming.get(hash);
    if (own !== undefined) await own;
    else if (log === undefined || stay === undefined || bytes.length > smallBytes)
      await putByItself(hash, bytes);
    else {
      const put = putTogether(hash, bytes, log);
      coming.set(hash, put);
      await put.finally(() => coming.delete(hash));
    }
    return hash;
  }

  const isLogged = async (hash: Sha256) => log?.has(hash) === true && (await isTrue(log.get(hash)));

  /** Whether it is there already; then it is durable. */
  async function isKept(hash: Sha256): Promise<boolean> {
    if (await isLogged(hash)) return true;
    if (!(await isTrue(inFile(hash)))) return false;
    // It may be a writer's that was killed before it did this.
    await syncFile(pathOf(hash), on);
    await syncFolder(dirname(pathOf(hash)), on);
    return true;
  }

  async function putByItself(hash: Sha256, bytes: Uint8Array): Promise<void> {
    if (!(await isKept(hash))) await putInFile(hash, bytes);
  }

  async function putInFile(hash: Sha256, bytes: Uint8Array): Promise<void> {
    const part = partOf(hash);
    await writeSynced(part, bytes, on);
    await orRemoved(part, () => lastingRename(part, pathOf(hash), on));
  }

  async function putTogether(hash: Sha256, bytes: Uint8Array, by: BlobLog): Promise<void> {
    if ((await fileSize(hash)) !== undefined) await putByItself(hash, bytes);
    else if (!(await isLogged(hash))) await by.add(hash, bytes);
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

  async function settle(hashes: readonly Sha256[], from: Pick<Logged, "get">): Promise<void> {
    const few = atOnce(writtenAtOnce);
    await Promise.all(
      hashes.map((hash) =>
        few(1, async () => {
          const bytes = await from.get(hash).catch(ifDamaged);
          if (bytes !== undefined) await putInFile(hash, bytes);
        }),
      ),
    );
  }

  async function takeLog(): Promise<void> {
    for (const name of await readdir(folder))
      if (name.endsWith(".part")) await removeFile(join(folder, name), on);
    for await (const { hash, bytes } of loggedIn(logPath)) await putByItself(hash, bytes);
    logged = log = await blobLog(logPath, { on, settle });
  }

  return {
    put,
    size,
    get,
    isWhole: (hash) => isTrue(get(hash)),
    stream: async (hash, { start, end }) => {
      if ((await fileSize(hash)) === undefined) {
        const bytes = await get(hash);
        return bytes && once(bytes.subarray(start, end));
      }
      return end > start ? createReadStream(pathOf(hash), { start, end: end - 1 }) : once();
    },
    remove: async (hash) => {
      if (!(await log?.remove(hash))) await removeFile(pathOf(hash), on);
    },
    list: async () => {
      const there = new Set(await logged.list()); // first: from the log they go into files
      for (const entry of await readdir(folder, { recursive: true, withFileTypes: true }))
        if (entry.isFile() && isHash.test(entry.name)) there.add(entry.name as Sha256);
      return [...there].sort();
    },
    adopt: async (path, hash) => {
      // What is whole is not written over: a rename that fails is taken back.
      if (!(await isKept(hash))) return lastingRename(path, pathOf(hash), on);
      await removeFile(path, on);
    },
    takeLog,
    close: async () => {
      await log?.close();
      log = undefined;
      logged = logOfAnother(logPath);
    },
  };
}

async function* once(...pieces: readonly Uint8Array[]): AsyncGenerator<Uint8Array> {
  yield* pieces;
}
