// Disks of many devices in one process: what they have alike, the sections of bodies, is in memory once.

import { type Sha256, sha256Of } from "@homebody/base";
import type { Disk } from "@homebody/volunteer";

interface Shared {
  readonly bytes: Uint8Array;
  users: number;
}

/** Makes the disk of one device more. */
export function alikeDisks(): () => Disk {
  const pool = new Map<Sha256, Shared>();

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
      files.delete(name);
    };
    return {
      read: async (name) => {
        const file = files.get(name);
        return (typeof file === "string" ? pool.get(file)!.bytes : file)?.slice();
      },
      write: async (name, bytes) => {
        const file = isAlike(name) ? shared(bytes) : bytes.slice();
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

const isAlike = (name: string) => /^(body|first)-/.test(name);
