// Disks of many devices in one process: what they have alike, the sections of bodies, is in memory once, and memory of files
// that are gone is used again. Files live for minutes and are written anew each round: left to the collector of garbage, which
// looks through everything for each 64 MB of them, they cost more than all else.

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
  const memory = usedAgain();

  function shared(name: string, bytes: Uint8Array): Shared {
    const alike = pool.get(name) ?? new Set();
    pool.set(name, alike);
    for (const one of alike) {
      if (Buffer.compare(one.bytes, bytes) !== 0) continue;
      one.users += 1;
      return one;
    }
    const own = { bytes: bytes.slice(), users: 1 };
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
      if (file instanceof Uint8Array) memory.giveBack(file);
      else if (file !== undefined) release(name, file);
      files.delete(name);
    };
    return {
      read: async (name) => {
        const file = files.get(name);
        return (file instanceof Uint8Array ? file : file?.bytes)?.slice();
      },
      write: async (name, bytes) => {
        const file = isAlike(name) ? shared(name, bytes) : memory.copyOf(bytes);
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

/** Memory for copies, in whole kilobytes, so that files of about the same size fit in the same. */
function usedAgain() {
  const free = new Map<number, ArrayBufferLike[]>();
  return {
    copyOf(bytes: Uint8Array): Uint8Array {
      const size = 1024 * Math.ceil(bytes.length / 1024);
      const copy = new Uint8Array(free.get(size)?.pop() ?? new ArrayBuffer(size), 0, bytes.length);
      copy.set(bytes);
      return copy;
    },
    /** Nobody has it any more. */
    giveBack({ buffer }: Uint8Array): void {
      const own = free.get(buffer.byteLength) ?? [];
      own.push(buffer);
      free.set(buffer.byteLength, own);
    },
  };
}

const isAlike = (name: string) => /^(body|first)-/.test(name);
