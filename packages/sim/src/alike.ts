// Disks of many devices in one process: what they have alike, the run and the sections of bodies, is in memory once, and what is
// read are the very bytes that the disk has.
//
// They are in shared memory, which nothing else shares: for each 64 MB of any other memory beside its heap V8 collects garbage, so
// that files of thousands of devices had everything looked through for every two thousand of them that trained.

import type { Disk } from "@homebody/volunteer";

/** Bytes that several devices have under one name. */
interface Shared {
  readonly bytes: Uint8Array;
  users: number;
}

/** Makes the disk of one device more. */
export function alikeDisks(): () => Disk {
  /** By the file's name: few devices are behind, so few are different. */
  const pool = new Map<string, Set<Shared>>();

  function shared(name: string, bytes: Uint8Array): Shared {
    const alike = pool.get(name) ?? new Set();
    pool.set(name, alike);
    for (const one of alike) {
      if (Buffer.compare(one.bytes, bytes) !== 0) continue;
      one.users += 1;
      return one;
    }
    const own = { bytes: inShared(bytes), users: 1 };
    alike.add(own);
    return own;
  }

  function release(name: string, own: Shared): void {
    own.users -= 1;
    if (own.users === 0) pool.get(name)!.delete(own);
  }

  return () => {
    const files = new Map<string, Uint8Array | Shared>();
    const remove = (name: string) => {
      const file = files.get(name);
      if (file !== undefined && !(file instanceof Uint8Array)) release(name, file);
      files.delete(name);
    };
    return {
      read: async (name) => {
        const file = files.get(name);
        return file instanceof Uint8Array ? file : file?.bytes;
      },
      write: async (name, bytes) => {
        const file = isAlike(name) ? shared(name, bytes) : inShared(bytes);
        remove(name);
        files.set(name, file);
      },
      remove: async (name) => remove(name),
      names: async () => [...files.keys()],
      clear: async () => {
        for (const name of [...files.keys()]) remove(name);
      },
    };
  };
}

const isAlike = (name: string) => /^(body-|first-|run\.json$)/.test(name);

function inShared(bytes: Uint8Array): Uint8Array {
  const copy = new Uint8Array(new SharedArrayBuffer(bytes.length));
  copy.set(bytes);
  return copy;
}
