// [C68] Small blobs that are made durable together: after a power cut each that was put is there, and none that was removed.

import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
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

const putAll = (blobs: FolderBlobs, ...texts: readonly string[]) =>
  Promise.all(texts.map((text) => blobs.put(bytes(text), "passing")));

async function opened(on = disk): Promise<FolderBlobs> {
  const blobs = await folderBlobs(join(folder, "blobs"), on);
  await blobs.takeLog();
  open.push(blobs);
  return blobs;
}

/** The first byte of the first blob in the log becomes another one. */
function damageFirst(): void {
  const whole = readFileSync(log());
  whole[36] = 255 - whole[36]!;
  writeFileSync(log(), whole);
}

const logged = async () => {
  const found: Sha256[] = [];
  for await (const { hash } of loggedIn(log())) found.push(hash);
  return found;
};

test("blobs of a log that was not closed get their files when the folder is opened", async () => {
  const blobs = await opened();
  const texts = Array.from({ length: 50 }, (_, i) => `delta ${i}`);
  const hashes = await putAll(blobs, ...texts);
  expect(hashes.filter((hash) => existsSync(pathOf(hash)))).toEqual([]);
  mkdirSync(dirname(pathOf(hashes[4]!)), { recursive: true });
  writeFileSync(pathOf(hashes[4]!), "half"); // as an older version's that a power cut left
  const again = await opened();
  expect(hashes.filter((hash) => !existsSync(pathOf(hash)))).toEqual([]);
  for (const [i, hash] of hashes.entries()) expect(await again.get(hash)).toEqual(bytes(texts[i]!));
  expect(statSync(log()).size).toBe(0); // each has been synced by itself
});

test("what was removed does not come back, and what was put again does", async () => {
  const blobs = await opened();
  const [gone, back] = await putAll(blobs, "gone", "back");
  for (const hash of [gone!, back!]) await blobs.remove(hash);
  expect(await blobs.list()).toEqual([]);
  await putAll(blobs, "back");
  expect(await blobs.list()).toEqual([back]);
  const again = await opened();
  expect(await again.list()).toEqual([back]);
});

test("a log whose end was cut off has all that is before it", async () => {
  const blobs = await opened();
  const [one] = await putAll(blobs, "one");
  const [two] = await putAll(blobs, "two");
  const whole = readFileSync(log());
  for (const left of [1, 3, 20]) {
    truncateSync(log(), whole.length - left);
    expect(await logged()).toEqual([one]);
  }
  writeFileSync(log(), Buffer.concat([whole, new Uint8Array(100)]));
  expect(await logged()).toEqual([one, two]);
  // Bytes that are not what was put are no blob, and what is before and after them is.
  damageFirst();
  expect(await logged()).toEqual([two]);
});

test("of a blob that the disk changed in the log both its owner and a reader are told", async () => {
  const blobs = await opened();
  const reader = await folderBlobs(join(folder, "blobs"));
  const [one] = await putAll(blobs, "one");
  damageFirst();
  for (const by of [blobs, reader]) {
    await expect(by.get(one!)).rejects.toThrow(
      `${one}: expected bytes of this hash, got others at byte 36 of blobs.log`,
    );
    expect(await by.size(one!)).toBe(3);
    expect(await by.isWhole(one!)).toBe(false);
  }
  await putAll(blobs, "one"); // as by a volunteer that is told that its delta is lost
  for (const by of [blobs, reader]) expect(await by.get(one!)).toEqual(bytes("one"));
});

test("whoever reads the folder of another finds what is in the log, and in files once it was begun anew", async () => {
  const blobs = await opened();
  const reader = await folderBlobs(join(folder, "blobs"));
  const [one, two] = await putAll(blobs, "one", "the second");
  const large = await blobs.put(new Uint8Array(100_000), "passing");
  const lasting = await blobs.put(bytes("lasting"));
  expect([one, two, large, lasting].map((hash) => existsSync(pathOf(hash!)))).toEqual([
    false,
    false,
    true,
    true,
  ]);
  const sees = async () => [await reader.get(one!), await reader.get(two!), await reader.size(two!)];
  expect(await sees()).toEqual([bytes("one"), bytes("the second"), 10]);
  expect(await reader.list()).toEqual([one, two, large, lasting].sort());
  let text = "";
  for await (const piece of (await reader.stream(two!, { start: 4, end: 7 }))!)
    text += new TextDecoder().decode(piece);
  expect(text).toBe("sec");
  await blobs.close();
  expect(existsSync(pathOf(one!))).toBe(true);
  expect(await sees()).toEqual([bytes("one"), bytes("the second"), 10]);
  const next = await opened();
  const [other] = await putAll(next, "at the same place");
  await next.remove(two!);
  expect([await reader.get(other!), await reader.get(two!)]).toEqual([bytes("at the same place"), undefined]);
});

test("while a log is begun anew, again and again, a reader misses nothing", async () => {
  const blobs = await opened();
  const reader = await folderBlobs(join(folder, "blobs"));
  const [hash, kept] = await putAll(blobs, "always there", "kept");
  let over = false;
  const anew = (async () => {
    for (let i = 0; i < 20; i++) {
      const owner = await opened(); // begins anew what the one before it left
      await putAll(owner, `other ${i}`);
      await owner.remove(hash!);
      await putAll(owner, "always there");
      await owner.close();
    }
    over = true;
  })();
  let looks = 0;
  while (!over) {
    expect(await reader.get(kept!)).toEqual(bytes("kept"));
    looks += 1;
  }
  await anew;
  expect(looks).toBeGreaterThan(20);
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
  await putAll(blobs, ...Array.from({ length: 200 }, (_, i) => `delta ${i}`));
  expect(synced.filter((path) => path === log()).length).toBeLessThan(100);
  expect(synced.filter((path) => path.length === pathOf(hashOf("delta 0")).length)).toEqual([]);
});

test("a blob that a process wrote which was killed before the log had it is synced when it is put again", async () => {
  const { on, synced } = watched();
  const blobs = await opened(on);
  const path = pathOf(hashOf("delta"));
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, "delta");
  await putAll(blobs, "delta");
  expect(synced).toContain(path);
  expect(synced).toContain(dirname(path));
});

test("a log that is long is begun anew, once each blob that is left of it is durable by itself", async () => {
  const settled: [Sha256, Uint8Array | undefined][][] = [];
  const short = await blobLog(log(), {
    on: disk,
    settle: async (hashes, { get }) => {
      settled.push(
        (await Promise.all(hashes.map(async (hash) => [hash, await get(hash)] as const))) as never,
      );
    },
    most: 100,
  });
  const texts = ["a", "b", "c"].map((text) => text.repeat(60));
  const [a, b, c] = texts.map(hashOf);
  await short.add(a!, bytes(texts[0]!));
  await short.add(b!, bytes(texts[1]!));
  expect(short.has(a!)).toBe(true);
  expect([await short.remove(a!), await short.remove(c!)]).toEqual([true, false]);
  await short.add(c!, bytes(texts[2]!));
  expect(settled).toEqual([[], [[b, bytes(texts[1]!)]]]);
  expect(await logged()).toEqual([c]);
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
      const ok = await putAll(blobs, text).then(
        () => true,
        () => false,
      );
      failed = failing.failed();
      failing.works();
      if (!stays) expect((await blobs.size(hashOf(text))) !== undefined).toBe(ok);
      expect(await putAll(blobs, text)).toEqual([hashOf(text)]);
      expect(await blobs.get(hashOf(text))).toEqual(bytes(text));
      if (!failed) expect(n).toBeGreaterThanOrEqual(2);
    }
  });
});
