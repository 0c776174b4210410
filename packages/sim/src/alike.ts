// Disks of many devices in one process: what they have alike, the sections of bodies, is in memory once, and memory of files
// that are gone is used again. Files live for minutes and are written anew each round: left to the collector of garbage, which
// looks through everything for each 64 MB of them, they cost more than all else.

import { type Sha256, sha256Of } from "@homebody/base";
import type { Disk } from "@homebody/volunteer";

interface Shared {
  readonly bytes: Uint8Array;
  users: number;
}

/** Makes the disk of one device more. */
export function alikeDisks(): () => Disk {
  const pool = new Map<Sha256, Shared>();
  const memory = usedAgain();

  function shared(bytes: Uint8Array): Sha256 {
    const hash = sha256Of(bytes);
    const own = pool.get(hash) ?? { bytes: bytes.slice(), users: 0 };
    own.users += 1;
    pool.set(hash, own);
    return hash;
  }

  function release(hash: Sha256): void {
    const own = pool.get(hash)!;
    own.users -= 1;
    if (own.users === 0) pool.delete(hash);
  }

  return () => {
    const files = new Map<string, Uint8Array | Sha256>();
    const remove = (name: string) => {
      const file = files.get(name);
      if (typeof file === "string") release(file);
      else if (file !== undefined) memory.giveBack(file);
      files.delete(name);
    };
    return {
      read: async (name) => {
        const file = files.get(name);
        return (typeof file === "string" ? pool.get(file)!.bytes : file)?.slice();
      },
      write: async (name, bytes) => {
        const file = isAlike(name) ? shared(bytes) : memory.copyOf(bytes);
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
