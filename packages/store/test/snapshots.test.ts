import { mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { RunId } from "@homebody/base";
import { afterEach, describe, expect, test } from "vitest";
import { folderSnapshots, memorySnapshots, type Snapshots } from "../src/index.ts";

const [run, other] = ["a", "b"].map((digit) => digit.repeat(64) as RunId) as [RunId, RunId];

let folder: string | undefined;
afterEach(() => {
  if (folder !== undefined) rmSync(folder, { recursive: true, force: true });
});
function temporary(): string {
  folder = mkdtempSync(join(tmpdir(), "homebody-snapshots-"));
  return folder;
}

/** Opens the same storage again and again. */
const adapters: Readonly<Record<string, () => () => Promise<Snapshots>>> = {
  memory: () => {
    const snapshots = memorySnapshots();
    return async () => snapshots;
  },
  folder: () => {
    const path = join(temporary(), "snapshots");
    return () => folderSnapshots(path);
  },
};

for (const [name, make] of Object.entries(adapters))
  describe(`snapshots in ${name}`, () => {
    test("what was written last is there, for each run its own", async () => {
      const open = make();
      const snapshots = await open();
      expect(await snapshots.read(run)).toBeUndefined();
      await snapshots.write(run, "one");
      await snapshots.write(other, "日本 'quoted'");
      await snapshots.write(run, "");
      expect([await snapshots.read(run), await snapshots.read(other)]).toEqual(["", "日本 'quoted'"]);
      const again = await open();
      expect(await again.read(other)).toBe("日本 'quoted'");
    });
  });

test("folder: what was written in part is not read, and written over", async () => {
  const path = temporary();
  const snapshots = await folderSnapshots(path);
  await snapshots.write(run, "whole");
  writeFileSync(join(path, `${run}.json.part`), "ha");
  expect(await snapshots.read(run)).toBe("whole");
  await snapshots.write(run, "next");
  expect(await snapshots.read(run)).toBe("next");
  expect(readdirSync(path)).toEqual([`${run}.json`]);
});
