// All ports in memory: for simulations and tests, and as the plainest statement of what they mean.

import type { Millis, RunId, Sha256, UploadId } from "@homebody/base";
import { joinedBytes, sha256Of } from "@homebody/base";
import {
  type Blobs,
  type EntryName,
  inMemory,
  type Journal,
  JournalConflict,
  type JournalEntry,
  type Snapshots,
  type Spool,
  SpoolMismatch,
} from "./ports.ts";

export function memoryJournal(): Journal {
  const runs = new Map<RunId, JournalEntry[]>();
  const named = new Map<string, number>();
  const keyOf = (run: RunId, name: string) => `${run} ${name}`;

  async function name(run: RunId, names: readonly EntryName[]): Promise<void> {
    for (const { name, seq } of names) {
      const key = keyOf(run, name);
      if (!named.has(key)) named.set(key, seq);
    }
  }

  return {
    runs: async () => [...runs.keys()],
    lastSeq: async (run) => runs.get(run)?.length ?? 0,
    append: async (run, expectedSeq, at: Millis, facts, names = []) => {
      const entries = runs.get(run) ?? [];
      if (entries.length !== expectedSeq) throw new JournalConflict(run, expectedSeq, entries.length);
      for (const fact of facts)
        entries.push({ seq: entries.length + 1, at, fact: JSON.parse(JSON.stringify(fact)) });
      if (entries.length > 0) runs.set(run, entries);
      await name(run, names);
      return entries.length;
    },
    read: async (run, after, limit) => (runs.get(run) ?? []).slice(after, after + limit),
    find: async (run, name) => {
      const seq = named.get(keyOf(run, name));
      return seq === undefined ? undefined : runs.get(run)?.[seq - 1];
    },
    name,
    close: async () => {},
  };
}

export interface MemoryBlobs extends Blobs {
  /** Takes these very bytes as the blob of this hash. */
  adopt(bytes: Uint8Array, hash: Sha256): void;
}

export function memoryBlobs(): MemoryBlobs {
  const blobs = new Map<Sha256, Uint8Array>();
  return {
    put: async (bytes) => {
      const hash = sha256Of(bytes);
      blobs.set(hash, bytes.slice());
      return hash;
    },
    adopt: (bytes, hash) => void blobs.set(hash, bytes),
    get: async (hash) => blobs.get(hash),
    size: async (hash) => blobs.get(hash)?.length,
    stream: async (hash, { start, end }) => {
      const bytes = blobs.get(hash);
      return bytes && pieces(bytes.subarray(start, end));
    },
    remove: async (hash) => void blobs.delete(hash),
    list: async () => [...blobs.keys()],
  };
}

async function* pieces(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  if (bytes.length > 0) yield bytes.slice();
}

interface Growing {
  size: number;
  readonly pieces: Uint8Array[];
}

export function memorySpool(blobs: MemoryBlobs): Spool {
  const uploads = new Map<UploadId, Growing>();
  const sizeOf = (upload: UploadId) => uploads.get(upload)?.size ?? 0;
  return {
    size: async (upload) => sizeOf(upload),
    append: async (upload, offset, ...pieces) => {
      const own = uploads.get(upload) ?? { size: 0, pieces: [] };
      if (offset !== own.size) throw new SpoolMismatch(upload, `offset ${own.size}`, `${offset}`);
      own.pieces.push(...pieces.map((bytes) => bytes.slice()));
      own.size += pieces.reduce((sum, { length }) => sum + length, 0);
      uploads.set(upload, own);
      return own.size;
    },
    seal: async (upload, hash, look) => {
      const own = uploads.get(upload);
      const whole = own === undefined ? await blobs.get(hash) : joinedBytes(own.pieces);
      if (whole === undefined) throw new SpoolMismatch(upload, `hash ${hash}`, "nothing");
      const found = await look(inMemory(whole));
      if (found.sha256 !== hash) throw new SpoolMismatch(upload, `hash ${hash}`, found.sha256);
      if (own !== undefined) blobs.adopt(whole, hash);
      uploads.delete(upload);
      return found;
    },
    remove: async (upload) => void uploads.delete(upload),
    list: async () => [...uploads].map(([upload, { size }]) => ({ upload, sizeBytes: size })),
    close: async () => {},
  };
}

export function memorySnapshots(): Snapshots {
  const texts = new Map<RunId, string>();
  return {
    read: async (run) => texts.get(run),
    write: async (run, text) => void texts.set(run, text),
  };
}
