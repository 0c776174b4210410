// A disk that fails at one of its write points, once: no space in the middle of a write, a sync, a rename or a close that fails.

import type { FileHandle } from "node:fs/promises";
import { joinedBytes } from "@homebody/base";
import type { Disk } from "../src/index.ts";
import { disk } from "../src/sync.ts";

export interface FailingDisk {
  readonly on: Disk;
  /** Fails at the n-th write point from now on, from 0, and as long as `stays` says at all that follow. */
  failAt(n: number, stays?: boolean): void;
  /** Whether it has failed since it was told to. */
  failed(): boolean;
  works(): void;
}

const ofFiles = ["writeFile", "writev", "sync", "truncate", "close"];
const ofFolders = ["mkdir", "open", "rename", "unlink"];

export function failingDisk(): FailingDisk {
  let left = Number.POSITIVE_INFINITY;
  let stays = false;
  let failed = false;

  const isDue = () => {
    if (failed) return stays;
    left -= 1;
    failed = left < 0;
    return failed;
  };
  const no = (code: string, what: string) => Object.assign(new Error(`${code}: ${what}`), { code });

  /** Its n-th write point is passed, or it fails there: a write after half of its bytes, the rest before anything happens. */
  const file = (real: FileHandle): FileHandle =>
    new Proxy(real, {
      get(target, name) {
        const method: unknown = Reflect.get(target, name);
        if (typeof method !== "function") return method;
        return async (...args: unknown[]) => {
          if (!ofFiles.includes(String(name)) || !isDue()) return Reflect.apply(method, target, args);
          const [given] = args;
          const bytes = name === "writev" ? joinedBytes(given as Uint8Array[]) : given;
          const isWrite = name === "writeFile" || name === "writev";
          if (isWrite && bytes instanceof Uint8Array) await target.write(bytes, 0, bytes.length >> 1);
          if (name === "close") await target.close(); // the handle is gone, whatever it says
          throw no(isWrite ? "ENOSPC" : "EIO", String(name));
        };
      },
    });

  const on = new Proxy(disk, {
    get(target, name: keyof Disk) {
      const method = target[name] as (...args: unknown[]) => Promise<unknown>;
      return async (...args: unknown[]) => {
        if (ofFolders.includes(name) && isDue()) throw no("EIO", name);
        const result = await method(...args);
        return name === "open" ? file(result as FileHandle) : result;
      };
    },
  });
  return {
    on,
    failAt(n, keeps = false) {
      left = n;
      stays = keeps;
      failed = false;
    },
    failed: () => failed,
    works() {
      left = Number.POSITIVE_INFINITY;
      failed = false;
    },
  };
}
