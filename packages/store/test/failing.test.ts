// [C49] Each port after each way in which its disk can fail: as it was before the call, and it works again when the disk does.

import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type RunId, type Sha256, sha256Of, type UploadId } from "@homebody/base";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import {
  type FolderBlobs,
  folderBlobs,
  folderSnapshots,
  folderSpool,
  openStore,
  type Spool,
  type StoredBytes,
} from "../src/index.ts";
import { type FailingDisk, failingDisk } from "./failing-disk.ts";
import { seal } from "./seal.ts";
import { smallDisk } from "./small-disk.ts";

let folder: string;
let disk: FailingDisk;
let blobs: FolderBlobs;
let spool: Spool;

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), "homebody-failing-"));
  disk = failingDisk();
  blobs = await folderBlobs(join(folder, "blobs"), disk.on);
  spool = await folderSpool(join(folder, "spool"), blobs, disk.on);
});
afterEach(async () => {
  disk.works();
  await spool.close();
  rmSync(folder, { recursive: true, force: true });
});

const bytes = (text: string) => new TextEncoder().encode(text);
const hashOf = (text: string) => sha256Of(bytes(text));
const upload = "a".repeat(32) as UploadId;
const pathOf = (hash: Sha256) => join(folder, "blobs", hash.slice(0, 2), hash);
const parts = () =>
  readdirSync(folder, { recursive: true })
    .map(String)
    .filter((name) => name.endsWith(".part"));

/**
 * Acts again and again, each time on a disk that fails one write point later. An act does what it tries by `attempt`, which says
 * whether it went well, and the disk works again after it.
 */
async function atEveryPoint(
  stays: boolean,
  act: (attempt: (work: () => Promise<unknown>) => Promise<boolean>, n: number) => Promise<void>,
): Promise<number> {
  for (let n = 0; ; n++) {
    let failed = false;
    await act(async (work) => {
      disk.failAt(n, stays);
      const ok = await work().then(
        () => true,
        () => false,
      );
      failed = disk.failed();
      disk.works();
      return ok;
    }, n);
    if (!failed) return n;
  }
}

describe.each([
  ["once", false],
  ["until it is mended", true],
] as const)("[C49] the disk fails %s:", (_, stays) => {
  test("a blob is there or not, and nothing is left beside it", async () => {
    const points = await atEveryPoint(stays, async (attempt, n) => {
      const text = `blob ${n}`;
      const ok = await attempt(() => blobs.put(bytes(text)));
      if (!stays) {
        expect(await blobs.isWhole(hashOf(text))).toBe(ok);
        expect(parts()).toEqual([]);
      }
      expect(await blobs.put(bytes(text))).toBe(hashOf(text));
      expect(await blobs.get(hashOf(text))).toEqual(bytes(text));
    });
    expect(points).toBeGreaterThanOrEqual(8);
  });

  test.each([
    ["open", 1],
    ["to be opened again", 2],
  ])("a piece of an upload whose file is %s is held whole or not at all", async (how, least) => {
    const points = await atEveryPoint(stays, async (attempt) => {
      await spool.append(upload, 0, bytes("half "));
      if (how !== "open") await spool.close();
      const ok = await attempt(() => spool.append(upload, 5, bytes("and the rest")));
      expect(await spool.size(upload)).toBe(ok ? 17 : 5);
      if (!ok) await spool.append(upload, 5, bytes("and the rest"));
      expect(readFileSync(join(folder, "spool", upload), "utf8")).toBe("half and the rest");
      await seal(spool, upload, hashOf("half and the rest"));
      await blobs.remove(hashOf("half and the rest"));
    });
    expect(points).toBeGreaterThanOrEqual(least);
  });

  test("an upload is sealed, or may be sealed again", async () => {
    const points = await atEveryPoint(stays, async (attempt, n) => {
      const [one, other] = [`one ${n} `, `and other ${n}`];
      await spool.append(upload, 0, bytes(one));
      await spool.append(upload, one.length, bytes(other));
      const hash = hashOf(one + other);
      const ok = await attempt(() => seal(spool, upload, hash));
      if (!ok && !stays) {
        expect(await blobs.size(hash)).toBeUndefined();
        expect(await spool.size(upload)).toBe(one.length + other.length);
      }
      await seal(spool, upload, hash);
      expect(await blobs.get(hash)).toEqual(bytes(one + other));
      expect(await spool.list()).toEqual([]);
      expect(parts()).toEqual([]);
    });
    expect(points).toBeGreaterThanOrEqual(4);
  });

  test("a snapshot is the one before or the one after", async () => {
    const snapshots = await folderSnapshots(join(folder, "snapshots"), disk.on);
    const run = "b".repeat(64) as RunId;
    const points = await atEveryPoint(stays, async (attempt, n) => {
      await snapshots.write(run, "before");
      const ok = await attempt(() => snapshots.write(run, `after ${n}`));
      expect(await snapshots.read(run)).toBe(ok ? `after ${n}` : "before");
      if (!stays) expect(parts()).toEqual([]);
    });
    expect(points).toBeGreaterThanOrEqual(4);
  });
});

test("what a spool's writer that was killed left half-way goes when the next one begins", async () => {
  const file = join(folder, "spool", upload);
  writeFileSync(file, "half ");
  writeFileSync(`${file}.part`, "ha");
  const next = await folderSpool(join(folder, "spool"), blobs);
  expect(readdirSync(join(folder, "spool"))).toEqual([upload]);
  expect(await next.size(upload)).toBe(5);
});

test("[C49] a piece of which the disk took a part while it could not cut it off again: it is cut off before the next", async () => {
  await spool.append(upload, 0, bytes("half "));
  disk.failAt(0, true);
  await expect(spool.append(upload, 5, bytes("and the rest"))).rejects.toMatchObject({ code: "ENOSPC" });
  disk.works();
  expect(statSync(join(folder, "spool", upload)).size).toBe(11);
  expect(await spool.size(upload)).toBe(5);
  await seal(spool, upload, hashOf("half "));
  expect(await blobs.get(hashOf("half "))).toEqual(bytes("half "));
});

test("[C49] who looks at an upload by its file sees none of a piece that could not be cut off again", async () => {
  await spool.append(upload, 0, bytes("half "));
  disk.failAt(0, true);
  await expect(spool.append(upload, 5, bytes("and the rest"))).rejects.toMatchObject({ code: "ENOSPC" });
  disk.works();
  const look = async ({ path }: StoredBytes) => ({ sha256: sha256Of(readFileSync(path!)) });
  expect(await spool.seal(upload, hashOf("half "), look)).toEqual({ sha256: hashOf("half ") });
});

test("[C49] an upload of which the disk cannot read what it has is gone, to be sent again", async () => {
  await spool.append(upload, 0, bytes("delta"));
  const look = () => Promise.reject(Object.assign(new Error("EIO"), { code: "EIO" }));
  await expect(spool.seal(upload, hashOf("delta"), look)).rejects.toMatchObject({ name: "SpoolMismatch" });
  expect(await spool.size(upload)).toBe(0);
  expect(await spool.list()).toEqual([]);
});

test("[C49] what writers left that were killed is swept when the store is opened", async () => {
  const hash = await blobs.put(bytes("whole"));
  writeFileSync(join(folder, "blobs", `${hash}.1.1.part`), "wh");
  await (await openStore({ dataDir: folder })).close();
  expect(parts()).toEqual([]);
  expect(await blobs.list()).toEqual([hash]);
});

test("[C45] a blob with other bytes, of the same size or torn, is told when it is read, and written anew", async () => {
  const hash = await blobs.put(bytes("the body travels"));
  for (const damage of ["the body travelt", "the bo", ""]) {
    writeFileSync(pathOf(hash), damage);
    await expect(blobs.get(hash)).rejects.toMatchObject({ name: "BlobDamaged", hash });
    await expect(blobs.get(hash)).rejects.toThrow(
      `blobs/${hash.slice(0, 2)}/${hash}: expected bytes of this hash`,
    );
    expect(await blobs.isWhole(hash)).toBe(false);
    expect(await blobs.put(bytes("the body travels"))).toBe(hash);
    expect(await blobs.get(hash)).toEqual(bytes("the body travels"));
  }
});

test("[C45] an upload that was sealed before, and whose blob is damaged since, is not taken for sealed", async () => {
  await spool.append(upload, 0, bytes("delta"));
  await seal(spool, upload, hashOf("delta"));
  writeFileSync(pathOf(hashOf("delta")), "dElta");
  await expect(seal(spool, upload, hashOf("delta"))).rejects.toMatchObject({ name: "SpoolMismatch" });
  await spool.append(upload, 0, bytes("delta"));
  await seal(spool, upload, hashOf("delta"));
  expect(await blobs.get(hashOf("delta"))).toEqual(bytes("delta"));
});

test("[C49] a disk that is really full: every port goes on when there is space again", async (context) => {
  const small = smallDisk(1);
  if (small === undefined) return context.skip("only root may make a small file system");
  const { path } = small;
  const run = "c".repeat(64) as RunId;
  const large = new Uint8Array(200_000).fill(3);
  const store = await openStore({ dataDir: path });
  try {
    await store.journal.append(run, 0, 1 as never, [{ n: 1 }]);
    await store.spool.append(upload, 0, large.subarray(0, 1000));
    await store.snapshots.write(run, "before");
    small.fill();
    await expect(store.spool.append(upload, 1000, large.subarray(1000))).rejects.toThrow("ENOSPC");
    await expect(store.blobs.put(large)).rejects.toThrow("ENOSPC");
    await expect(store.snapshots.write(run, "x".repeat(100_000))).rejects.toThrow("ENOSPC");
    await expect(store.journal.append(run, 1, 2 as never, [{ text: "y".repeat(200_000) }])).rejects.toThrow();
    expect(await store.spool.size(upload)).toBe(1000);
    expect(await store.blobs.list()).toEqual([]);
    expect(await store.snapshots.read(run)).toBe("before");
    expect(await store.journal.lastSeq(run)).toBe(1);
    expect(readdirSync(join(path, "blobs")).filter((name) => name.endsWith(".part"))).toEqual([]);
    small.empty();
    await store.spool.append(upload, 1000, large.subarray(1000));
    await seal(store.spool, upload, sha256Of(large));
    expect(await store.blobs.get(sha256Of(large))).toEqual(large);
    await store.snapshots.write(run, "after");
    expect(await store.journal.append(run, 1, 3 as never, [{ n: 2 }])).toBe(2);
  } finally {
    await store.close();
    small.remove();
  }
});

test.skipIf(process.platform === "win32")(
  "[C49] what is in a data folder is its owner's alone, and a clean end leaves one file of journal",
  async () => {
    const store = await openStore({ dataDir: folder });
    const run = "d".repeat(64) as RunId;
    for (let n = 0; n < 20; n++) await store.journal.append(run, n, 1 as never, [{ n }]);
    for (const name of ["", "-wal", "-shm"])
      expect(statSync(join(folder, `journal.sqlite${name}`)).mode & 0o777).toBe(0o600);
    await store.close();
    expect(statSync(join(folder, "journal.sqlite-wal"), { throwIfNoEntry: false })?.size ?? 0).toBe(0);
  },
);
