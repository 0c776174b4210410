// The log of small passing blobs: what is put while others are written becomes durable with them, by one write and one sync for all.
//
// Such a blob is in the log alone until the log is begun anew; then each that is left of it gets a file of its own. Most are deltas
// that are gone by then, and never were a file. A blob goes from the log into its file and never the other way, and it is in the file
// before it leaves the log: whoever looks for it in its file, in the log, and in its file once more finds it.
//
// A record: 32 bytes of SHA-256, u32 size (little-endian), the bytes. Of a blob that was removed since: the hash, and a size of
// 2^32 - 1 without bytes. What a write that was cut off left at the end is no record, since its hash is another one.

import { type FileHandle, open } from "node:fs/promises";
import { basename, dirname } from "node:path";
import { oneByOne, type Sha256, sha256Of, together, toHex } from "@homebody/base";
import { BlobDamaged, ifDamaged } from "./ports.ts";
import { type Disk, isMissing, syncFolder } from "./sync.ts";

/** What a log has. Undefined, or not in the list: it is not there, or no more. */
export interface Logged {
  size(hash: Sha256): Promise<number | undefined>;
  /** Throws BlobDamaged where it has other bytes in its place. */
  get(hash: Sha256): Promise<Uint8Array | undefined>;
  list(): Promise<readonly Sha256[]>;
}

export interface BlobLog extends Logged {
  has(hash: Sha256): boolean;
  /** When it resolves, the blob survives a power cut. */
  add(hash: Sha256, bytes: Uint8Array): Promise<void>;
  /** Resolves with whether it was there. */
  remove(hash: Sha256): Promise<boolean>;
  /** Each blob of it has its file, and the log is empty; where the disk fails the log stays as it is, for who opens it next. */
  close(): Promise<void>;
}

export interface BlobLogInputs {
  readonly on: Disk;
  /** Gives each its file, durable by itself. */
  readonly settle: (hashes: readonly Sha256[], log: Pick<Logged, "get">) => Promise<void>;
  /** Bytes after which it is begun anew. */
  readonly most?: number;
}

/** Where the bytes of a blob are in the file of a log. */
interface Place {
  readonly at: number;
  readonly size: number;
}

const headBytes = 36;
const removed = 2 ** 32 - 1;
/** The longer it may be, the fewer blobs are left of it that need a file: a round's deltas are not kept for long. */
const usualMost = 64 * 2 ** 20;
/** What is read at once where heads of records are looked for. */
const windowBytes = 2 ** 20;

/** An empty log: `loggedIn` has what there was of an earlier one, which is over. */
export async function blobLog(
  path: string,
  { on, settle, most = usualMost }: BlobLogInputs,
): Promise<BlobLog> {
  const inTurn = oneByOne();
  const live = new Map<Sha256, Place>();
  let over: Sha256[] = [];
  let size = 0;
  let file: FileHandle | undefined;
  /** The same file, which stays open where writing fails. */
  let reading: FileHandle | undefined;

  async function get(hash: Sha256): Promise<Uint8Array | undefined> {
    const place = live.get(hash);
    const bytes = place && (await bytesAt(reading!, place, hash));
    if (bytes === undefined && live.get(hash) === place && place !== undefined)
      throw damagedAt(path, place, hash);
    return bytes;
  }

  async function beginAnew(): Promise<void> {
    await settle([...live.keys()], { get });
    live.clear();
    over = [];
    size = 0;
    const before = [file, reading];
    [file, reading] = [undefined, undefined];
    for (const one of before) await one?.close().catch(() => {});
    const begun = await on.open(path, "w", 0o600);
    try {
      await begun.sync();
      reading = await open(path, "r");
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
    const marks = before.map((hash) => headOf(hash, removed));
    const records = items.flatMap(({ hash, bytes }) => [headOf(hash, bytes.length), bytes]);
    const written = Buffer.concat([...marks, ...records]);
    try {
      await own.writeFile(written);
      await own.sync();
    } catch (error) {
      // What of it is on the disk nobody knows, and a sync that failed is not to be trusted again.
      file = undefined;
      await own.close().catch(() => {});
      throw error;
    }
    let at = size + headBytes * marks.length;
    for (const { hash, bytes } of items) {
      live.set(hash, { at: at + headBytes, size: bytes.length });
      at += headBytes + bytes.length;
    }
    size += written.length;
    return items.map(() => undefined);
  }

  const add = together(inTurn, append);
  await beginAnew();
  await syncFolder(dirname(path), on);
  return {
    has: (hash) => live.has(hash),
    size: async (hash) => live.get(hash)?.size,
    get,
    list: async () => [...live.keys()],
    add: async (hash, bytes) => void (await add({ hash, bytes })),
    remove: (hash) =>
      inTurn(async () => {
        const was = live.delete(hash);
        if (was) over.push(hash);
        return was;
      }),
    close: () =>
      inTurn(async () => {
        await beginAnew().catch(() => {});
        for (const one of [file, reading]) await one?.close().catch(() => {});
        [file, reading] = [undefined, undefined];
      }),
  };
}

/** The log of whoever has the folder, read by somebody else. Where it was begun anew meanwhile, what it had is in files. */
export function logOfAnother(path: string): Logged {
  let known: ReadonlyMap<Sha256, Place> = new Map();

  async function within<T>(work: (log: FileHandle) => Promise<T>, none: T): Promise<T> {
    const log = await open(path, "r").catch((error) => {
      if (isMissing(error)) return undefined;
      throw error;
    });
    return log === undefined ? none : work(log).finally(() => log.close());
  }

  /** Places are looked for only where those that are known do not have it. */
  const get = (hash: Sha256) =>
    within(async (log) => {
      const at = known.get(hash);
      const bytes = at && (await bytesAt(log, at, hash));
      if (bytes !== undefined) return bytes;
      known = await placesIn(log);
      const place = known.get(hash);
      if (place === undefined) return undefined;
      const read = await bytesAt(log, place, hash);
      if (read === undefined) throw damagedAt(path, place, hash);
      return read;
    }, undefined);

  return {
    get,
    size: (hash) => within(async (log) => (await placesIn(log)).get(hash)?.size, undefined),
    list: () => within(async (log) => [...(await placesIn(log)).keys()], []),
  };
}

/** What a log has that is whole, of blobs that were not removed since; nothing where there is no log. */
export async function* loggedIn(path: string): AsyncGenerator<Item> {
  const log = logOfAnother(path);
  for (const hash of await log.list()) {
    const bytes = await log.get(hash).catch(ifDamaged);
    if (bytes !== undefined) yield { hash, bytes };
  }
}

/** By hash, of all records that are whole by their sizes; nobody has looked into their bytes. */
async function placesIn(log: FileHandle): Promise<ReadonlyMap<Sha256, Place>> {
  const found = new Map<Sha256, Place>();
  const { size: end } = await log.stat();
  const window = Buffer.alloc(Math.min(windowBytes, end));
  let [from, to] = [0, 0];
  for (let at = 0; at + headBytes <= end; ) {
    if (at + headBytes > to) {
      const { bytesRead } = await log.read(window, 0, window.length, at);
      [from, to] = [at, at + bytesRead];
      if (bytesRead < headBytes) break;
    }
    const head = window.subarray(at - from, at - from + headBytes);
    const hash = toHex(head.subarray(0, headBytes - 4)) as Sha256;
    const size = head.readUInt32LE(headBytes - 4);
    at += headBytes;
    if (size === removed) {
      found.delete(hash);
      continue;
    }
    if (at + size <= end) found.set(hash, { at, size });
    at += size;
  }
  return found;
}

/** Undefined where other bytes are there. */
async function bytesAt(log: FileHandle, { at, size }: Place, hash: Sha256): Promise<Uint8Array | undefined> {
  const bytes = new Uint8Array(size);
  const { bytesRead } = await log.read(bytes, 0, size, at);
  return bytesRead === size && sha256Of(bytes) === hash ? bytes : undefined;
}

function damagedAt(path: string, { at }: Place, hash: Sha256): BlobDamaged {
  return new BlobDamaged(hash, `others at byte ${at} of ${basename(path)}`);
}

export interface Item {
  readonly hash: Sha256;
  readonly bytes: Uint8Array;
}

function headOf(hash: Sha256, size: number): Uint8Array {
  const head = Buffer.alloc(headBytes);
  head.write(hash, 0, "hex");
  head.writeUInt32LE(size, headBytes - 4);
  return head;
}
