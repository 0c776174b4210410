// A file system of few bytes that is really full when it is full. Only root may make one: undefined elsewhere.

import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

export interface SmallDisk {
  readonly path: string;
  /** Until not another page of bytes fits. */
  fill(): void;
  /** What filled it is gone. */
  empty(): void;
  /** From now on nothing can be written. */
  makeReadOnly(): void;
  remove(): void;
}

export function smallDisk(megabytes: number): SmallDisk | undefined {
  const path = mkdtempSync(join(tmpdir(), "homebody-full-"));
  const args = ["-t", "tmpfs", "-o", `size=${megabytes}m`, "tmpfs", path];
  if (process.platform !== "linux" || spawnSync("mount", args).status !== 0) {
    rmSync(path, { recursive: true });
    return undefined;
  }
  const rest = join(path, "rest");
  const isFull = (size: number) => {
    try {
      writeFileSync(rest, new Uint8Array(size), { flag: "a" });
      return false;
    } catch {
      return true;
    }
  };
  return {
    path,
    fill: () => {
      for (const size of [1 << 20, 1 << 16, 1 << 12]) while (!isFull(size)) {}
    },
    empty: () => rmSync(rest, { force: true }),
    makeReadOnly: () => {
      const { status, stderr } = spawnSync("mount", ["-o", "remount,ro", path], { encoding: "utf8" });
      if (status !== 0) throw new Error(stderr);
    },
    remove: () => {
      spawnSync("umount", ["-l", path]); // files of a database stay open until they are collected
      rmSync(path, { recursive: true, force: true });
    },
  };
}
