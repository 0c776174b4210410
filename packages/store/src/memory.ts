// All three ports in memory: for simulations and tests, and as the plainest statement of what they mean.

import type { Millis, RunId, Sha256, UploadId } from "@homebody/base";
import { sha256Of } from "@homebody/base";
import {
  type Blobs,
  type Journal,
  JournalConflict,
  type JournalEntry,
  type Spool,
  SpoolMismatch,
} from "./ports.ts";

export function memoryJournal(): Journal {
  const runs = new Map<RunId, JournalEntry[]>();
  return {
    runs: async () => [...runs.keys()],
    lastSeq: async (run) => runs.get(run)?.length ?? 0,
    append: async (run, expectedSeq, at: Millis, facts) => {
      const entries = runs.get(run) ?? [];
      if (entries.length !== expectedSeq) throw new JournalConflict(run, expectedSeq, entries.length);
      for (const fact of facts)
        entries.push({ seq: entries.length + 1, at, fact: JSON.parse(JSON.stringify(fact)) });
      if (entries.length > 0) runs.set(run, entries);
      return entries.length;
    },
    read: async (run, after, limit) => (runs.get(run) ?? []).slice(after, after + limit),
    close: async () => {},
  };
}

export function memoryBlobs(): Blobs {
  const blobs = new Map<Sha256, Uint8Array>();
  return {
    put: async (bytes) => {
      const hash = sha256Of(bytes);
      blobs.set(hash, bytes.slice());
      return hash;
    },
    get: async (hash) => blobs.get(hash)?.slice(),
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

export function memorySpool(blobs: Blobs): Spool {
  const uploads = new Map<UploadId, Uint8Array>();
  const sizeOf = (upload: UploadId) => uploads.get(upload)?.length ?? 0;
  return {
    size: async (upload) => sizeOf(upload),
    append: async (upload, offset, bytes) => {
      const held = uploads.get(upload) ?? new Uint8Array();
      if (offset !== held.length) throw new SpoolMismatch(upload, `offset ${held.length}`, `${offset}`);
      const longer = new Uint8Array(held.length + bytes.length);
      longer.set(held);
      longer.set(bytes, held.length);
      uploads.set(upload, longer);
      return longer.length;
    },
    seal: async (upload, hash) => {
      const held = uploads.get(upload);
      if (held === undefined && (await blobs.size(hash)) !== undefined) return;
      const got = held === undefined ? "nothing" : sha256Of(held);
      if (held === undefined || got !== hash) throw new SpoolMismatch(upload, `hash ${hash}`, got);
      await blobs.put(held);
      uploads.delete(upload);
    },
    remove: async (upload) => void uploads.delete(upload),
    list: async () => [...uploads].map(([upload, { length }]) => ({ upload, sizeBytes: length })),
  };
}
