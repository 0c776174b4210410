// [C68] Small blobs that are made durable together: after a power cut each that was put is there, and none that was removed.

import {
  appendFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { type Sha256, sha256Of } from "@homebody/base";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { blobLog, loggedIn } from "../src/blob-log.ts";
import { type FolderBlobs, folderBlobs } from "../src/index.ts";
import { disk } from "../src/sync.ts";
import { failingDisk } from "./failing-disk.ts";

let folder: string;
let open: FolderBlobs[];
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "homebody-log-"));
  open = [];
});
afterEach(async () => {
  for (const blobs of open) await blobs.close();
  rmSync(folder, { recursive: true, force: true });
});

const bytes = (text: string) => new TextEncoder().encode(text);
const hashOf = (text: string) => sha256Of(bytes(text));
const log = () => join(folder, "blobs.log");
const pathOf = (hash: Sha256) => join(folder, "blobs", hash.slice(0, 2), hash);

async function opened(on = disk): Promise<FolderBlobs> {
  const blobs = await folderBlobs(join(folder, "blobs"), on);
  await blobs.logTo(log());
  open.push(blobs);
  return blobs;
}

test("what a power cut took of blobs that were put is written again when the folder is opened", async () => {
  const blobs = await opened();
  const texts = Array.from({ length: 50 }, (_, i) => `delta ${i}`);
  const hashes = await Promise.all(texts.map((text) => blobs.put(bytes(text))));
  truncateSync(pathOf(hashes[3]!), 0);
  writeFileSync(pathOf(hashes[4]!), "half");
  rmSync(pathOf(hashes[5]!));
  const again = await opened();
  for (const [i, hash] of hashes.entries()) expect(await again.get(hash)).toEqual(bytes(texts[i]!));
  expect(statSync(log()).size).toBe(0); // each has been synced by itself
});

test("what was removed does not come back, and what was put again does", async () => {
  const blobs = await opened();
  const [gone, back] = [await blobs.put(bytes("gone")), await blobs.put(bytes("back"))];
  for (const hash of [gone, back]) await blobs.remove(hash);
  await blobs.put(bytes("back"));
  rmSync(pathOf(back));
  const again = await opened();
  expect(await again.list()).toEqual([back]);
});

test("a log whose end was cut off has all that is before it", async () => {
  const blobs = await opened();
  const [one, two] = [await blobs.put(bytes("one")), await blobs.put(bytes("two"))];
  const whole = statSync(log()).size;
  for (const left of [whole - 1, whole - 3, whole - 20]) {
    truncateSync(log(), left);
    expect([...(await loggedIn(log())).keys()]).toEqual([one]);
  }
  appendFileSync(log(), new Uint8Array(100));
  expect([...(await loggedIn(log())).keys()]).toEqual([one]);
  expect(await (await opened()).get(two)).toEqual(bytes("two"));
});

/** The machine's disk, and the paths that were synced. */
function watched() {
  const synced: string[] = [];
  const on: typeof disk = {
    ...disk,
    open: async (path, ...rest) => {
      const file = await disk.open(path, ...rest);
      const { sync } = file;
      return Object.assign(file, {
        sync: () => {
          synced.push(String(path));
          return sync.call(file);
        },
      });
    },
  };
  return { on, synced };
}

test("blobs that are put together are in the log by fewer syncs than blobs", async () => {
  const { on, synced } = watched();
  const blobs = await opened(on);
  await Promise.all(Array.from({ length: 200 }, (_, i) => blobs.put(bytes(`delta ${i}`))));
  expect(synced.filter((path) => path === log()).length).toBeLessThan(100);
  expect(synced.filter((path) => path.length === pathOf(hashOf("delta 0")).length)).toEqual([]);
});

test("a blob that a process wrote which was killed before the log had it is synced when it is put again", async () => {
  const { on, synced } = watched();
  const blobs = await opened(on);
  const path = pathOf(hashOf("delta"));
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, "delta");
  await blobs.put(bytes("delta"));
  expect(synced).toContain(path);
  expect(synced).toContain(dirname(path));
});

test("a log that is long is begun anew, once each blob that is left of it is durable by itself", async () => {
  const settled: Sha256[][] = [];
  const settle = async (hashes: readonly Sha256[]) => void settled.push([...hashes]);
  const short = await blobLog(log(), { on: disk, settle, most: 100 });
  const [a, b, c] = ["a", "b", "c"].map((text) => hashOf(text.repeat(60)));
  await short.add(a!, bytes("a".repeat(60)));
  await short.add(b!, bytes("b".repeat(60)));
  expect(short.has(a!)).toBe(true);
  short.gone(a!);
  await short.add(c!, bytes("c".repeat(60)));
  expect(settled).toEqual([[], [b]]);
  expect([...(await loggedIn(log())).keys()]).toEqual([c]);
  await short.close();
});

describe.each([
  ["once", false],
  ["until it is mended", true],
] as const)("[C49] the disk fails %s:", (_, stays) => {
  test("a small blob is there or not, and is put when the disk works again", async () => {
    const failing = failingDisk();
    const blobs = await opened(failing.on);
    let failed = true;
    for (let n = 0; failed; n++) {
      const text = `blob ${n}`;
      failing.failAt(n, stays);
      const ok = await blobs.put(bytes(text)).then(
        () => true,
        () => false,
      );
      failed = failing.failed();
      failing.works();
      if (!stays) expect(existsSync(pathOf(hashOf(text)))).toBe(ok);
      expect(await blobs.put(bytes(text))).toBe(hashOf(text));
      expect(await blobs.get(hashOf(text))).toEqual(bytes(text));
      if (!failed) expect(n).toBeGreaterThanOrEqual(4);
    }
  });
});
