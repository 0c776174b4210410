// The log of small blobs: what is put while others are written becomes durable with them, by one write and one sync for all.
//
// A small blob is written under its name without a sync of its own, then appended to the log, and only then it is there for others.
// Until the log is begun anew, which syncs each blob that is left of it, the log has its bytes: whoever opens the folder after a
// power cut writes it again from there.
//
// A record: 32 bytes of SHA-256, u32 size (little-endian), the bytes. Of a blob that was removed since: the hash, and a size of
// 2^32 - 1 without bytes. What a write that was cut off left at the end is no record, since its hash is another one.

import { type FileHandle, readFile } from "node:fs/promises";
import { dirname } from "node:path";
import { oneByOne, type Sha256, sha256Of, together, toHex } from "@homebody/base";
import { type Disk, isMissing, syncFolder } from "./sync.ts";

export interface BlobLog {
  /** Whether the blob is durable by the log. */
  has(hash: Sha256): boolean;
  /** Of a blob that is there under its name. When it resolves, it survives a power cut. */
  add(hash: Sha256, bytes: Uint8Array): Promise<void>;
  /** It is removed: nobody need write it again. */
  gone(hash: Sha256): void;
  /** Each blob of it is durable by itself, and the log empty; where the disk fails the log stays as it is, for who opens it next. */
  close(): Promise<void>;
}

export interface BlobLogInputs {
  readonly on: Disk;
  /** Makes those durable by themselves that are there. */
  readonly settle: (hashes: readonly Sha256[]) => Promise<void>;
  /** Bytes after which it is begun anew. */
  readonly most?: number;
}

const headBytes = 36;
const removed = 2 ** 32 - 1;
/** The longer it may be, the fewer blobs are left of it that have to be synced: a round's deltas are not kept for long. */
const usualMost = 64 * 2 ** 20;

/** An empty log: `loggedIn` says what there was of an earlier one, which is over. */
export async function blobLog(
  path: string,
  { on, settle, most = usualMost }: BlobLogInputs,
): Promise<BlobLog> {
  const inTurn = oneByOne();
  const live = new Set<Sha256>();
  let over: Sha256[] = [];
  let size = 0;
  let file: FileHandle | undefined;

  async function beginAnew(): Promise<void> {
    await settle([...live]);
    live.clear();
    over = [];
    size = 0;
    await file?.close().catch(() => {});
    file = undefined;
    const begun = await on.open(path, "w", 0o600);
    try {
      await begun.sync();
    } catch (error) {
      await begun.close().catch(() => {});
      throw error;
    }
    file = begun;
  }

  async function append(items: readonly Item[]): Promise<readonly undefined[]> {
    if (file === undefined || size >= most) await beginAnew();
    const [before, own] = [over, file!];
    over = [];
    const records = Buffer.concat([
      ...before.map((hash) => recordOf(hash)),
      ...items.map(({ hash, bytes }) => recordOf(hash, bytes)),
    ]);
    try {
      await own.writeFile(records);
      await own.sync();
    } catch (error) {
      // What of it is on the disk nobody knows, and a sync that failed is not to be trusted again.
      file = undefined;
      await own.close().catch(() => {});
      throw error;
    }
    size += records.length;
    for (const { hash } of items) live.add(hash);
    return items.map(() => undefined);
  }

  const add = together(inTurn, append);
  await beginAnew();
  await syncFolder(dirname(path), on);
  return {
    has: (hash) => live.has(hash),
    add: async (hash, bytes) => void (await add({ hash, bytes })),
    gone(hash) {
      if (live.delete(hash)) over.push(hash);
    },
    close: () =>
      inTurn(async () => {
        await beginAnew().catch(() => {});
        await file?.close().catch(() => {});
        file = undefined;
      }),
  };
}

/** What a log has of blobs that were not removed since, by hash; nothing where there is no log. */
export async function loggedIn(path: string): Promise<ReadonlyMap<Sha256, Uint8Array>> {
  const found = new Map<Sha256, Uint8Array>();
  const log = await readFile(path).catch((error) => {
    if (isMissing(error)) return Buffer.alloc(0);
    throw error;
  });
  for (let at = 0; at + headBytes <= log.length; ) {
    const hash = toHex(log.subarray(at, at + headBytes - 4)) as Sha256;
    const size = log.readUInt32LE(at + headBytes - 4);
    at += headBytes;
    if (size === removed) {
      found.delete(hash);
      continue;
    }
    const bytes = log.subarray(at, at + size);
    if (bytes.length < size || sha256Of(bytes) !== hash) break;
    found.set(hash, bytes);
    at += size;
  }
  return found;
}

interface Item {
  readonly hash: Sha256;
  readonly bytes: Uint8Array;
}

function recordOf(hash: Sha256, bytes?: Uint8Array): Uint8Array {
  const record = Buffer.alloc(headBytes + (bytes?.length ?? 0));
  record.write(hash, 0, "hex");
  record.writeUInt32LE(bytes?.length ?? removed, headBytes - 4);
  if (bytes !== undefined) record.set(bytes, headBytes);
  return record;
}
