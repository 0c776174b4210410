// What the coordinator needs of storage: a journal, blobs, and a spool. Adapters of equal standing stand beside.

import type { Millis, RunId, Sha256, UploadId } from "@homebody/base";

export interface JournalEntry {
  readonly seq: number; // from 1, without gaps
  readonly at: Millis;
  /** Plain data, as it was appended. */
  readonly fact: unknown;
}

/** What an entry is found by. */
export interface EntryName {
  readonly seq: number;
  readonly name: string;
}

/** Facts of runs, in order, for ever. */
export interface Journal {
  runs(): Promise<readonly RunId[]>;
  /** 0 for a run that is not there. */
  lastSeq(run: RunId): Promise<number>;
  /**
   * All of the facts or none, after the entry `expectedSeq`; returns the last sequence number. When it resolves,
   * they and their names survive a crash and a power cut. Throws JournalConflict if another entry is last: somebody else
   * writes. Any other error leaves open whether they are there: an append of no facts, which waits for what is under way,
   * says whether `expectedSeq` is still last.
   */
  append(
    run: RunId,
    expectedSeq: number,
    at: Millis,
    facts: readonly unknown[],
    names?: readonly EntryName[],
  ): Promise<number>;
  /** Entries after the given one, at most `limit`. */
  read(run: RunId, after: number, limit: number): Promise<readonly JournalEntry[]>;
  /** The entry that was first given this name, however long ago. */
  find(run: RunId, name: string): Promise<JournalEntry | undefined>;
  /** Names entries that are there, for a journal that was written before entries had names. */
  name(run: RunId, names: readonly EntryName[]): Promise<void>;
  close(): Promise<void>;
}

/** Bytes by their SHA-256, which nobody changes that got or put them. A call that fails leaves them as they were. */
export interface Blobs {
  /**
   * When it resolves, the blob survives a crash and a power cut. A passing one does too; it is one of many that are likely to be
   * removed soon, as a delta is once its round is averaged.
   */
  put(bytes: Uint8Array, stay?: "passing"): Promise<Sha256>;
  /** Undefined where it is not there; throws BlobDamaged where other bytes are, or none that can be read. */
  get(hash: Sha256): Promise<Uint8Array | undefined>;
  size(hash: Sha256): Promise<number | undefined>;
  /** Bytes from start up to, not including, end. */
  stream(
    hash: Sha256,
    range: { readonly start: number; readonly end: number },
  ): Promise<AsyncIterable<Uint8Array> | undefined>;
  remove(hash: Sha256): Promise<void>;
  list(): Promise<readonly Sha256[]>;
}

/** Bytes that somebody looks at, maybe another thread, which can read this process's files, not its memory. */
export interface StoredBytes {
  readonly sizeBytes: number;
  read(): Promise<Uint8Array>;
  /** Of a file that has just these bytes, where there is one. */
  readonly path?: string;
}

export const inMemory = (bytes: Uint8Array): StoredBytes => ({
  sizeBytes: bytes.length,
  read: async () => bytes,
});

/** Of bytes that were looked at. */
export interface Hashed {
  readonly sha256: Sha256;
}

/** What it finds in them, and their hash. It throws what reading them throws. */
export type Look<T extends Hashed> = (bytes: StoredBytes) => Promise<T>;

/**
 * Uploads on their way in. What is spooled survives a crash of the process, not of the machine, until it is sealed. Of one
 * upload one thing is asked at a time. A call that fails leaves an upload as it was.
 */
export interface Spool {
  /** Bytes held; 0 for an upload that is not there. */
  size(upload: UploadId): Promise<number>;
  /** One piece after another. Throws SpoolMismatch unless `offset` is the size; returns the size after them. */
  append(upload: UploadId, offset: number, ...pieces: readonly Uint8Array[]): Promise<number>;
  /**
   * Makes the upload a blob, as durable as `put`, and gives what `look` found in its bytes. Throws SpoolMismatch if it found another
   * hash. Sealing what was sealed before is no error as long as the blob is there.
   */
  seal<T extends Hashed>(upload: UploadId, hash: Sha256, look: Look<T>): Promise<T>;
  remove(upload: UploadId): Promise<void>;
  list(): Promise<readonly { readonly upload: UploadId; readonly sizeBytes: number }[]>;
  /** Lets go of what it holds open; what is spooled stays. */
  close(): Promise<void>;
}

/** A text of each run that may be lost at any time: whoever wrote it can make it again. It is not to survive a crash. */
export interface Snapshots {
  /** What was written last; undefined where nothing is left of it. */
  read(run: RunId): Promise<string | undefined>;
  write(run: RunId, text: string): Promise<void>;
}

/** Another coordinator has written to this run's journal. */
export class JournalConflict extends Error {
  constructor(run: RunId, expected: number, got: number) {
    super(`journal of run ${run.slice(0, 8)}: expected entry ${expected} last, got entry ${got}`);
    this.name = "JournalConflict";
  }
}

/** Another coordinator is at work on this run, and has its lock. */
export class RunInUse extends Error {
  constructor(run: RunId, holder: string | undefined) {
    const who = holder === undefined ? "" : ` (${holder})`;
    super(
      `run ${run.slice(0, 8)} is in use by another coordinator${who}: stop that one first; where its machine is gone, ` +
        "the database lets go of the run within a minute",
    );
    this.name = "RunInUse";
  }
}

/** Where the blob of a hash is in a data folder, for whoever has to look after it. */
export const blobFile = (hash: Sha256): string => `blobs/${hash.slice(0, 2)}/${hash}`;

/** The bytes of a blob are not those that its name promises. */
export class BlobDamaged extends Error {
  readonly hash: Sha256;

  constructor(hash: Sha256, got: string) {
    super(`${blobFile(hash)}: expected bytes of this hash, got ${got}`);
    this.name = "BlobDamaged";
    this.hash = hash;
  }
}

/** To catch with, where a damaged blob is as good as a missing one. */
export function ifDamaged(error: unknown): undefined {
  if (!(error instanceof BlobDamaged)) throw error;
}

export class SpoolMismatch extends Error {
  constructor(upload: UploadId, expected: string, got: string) {
    super(`upload ${upload.slice(0, 8)}: expected ${expected}, got ${got}`);
    this.name = "SpoolMismatch";
  }
}
