import { mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Sha256, sha256Of, type UploadId } from "@homebody/base";
import { afterEach, describe, expect, test } from "vitest";
import { type Blobs, folderBlobs, folderSpool, memoryBlobs, memorySpool, type Spool } from "../src/index.ts";
import { seal } from "./seal.ts";

const folders: string[] = [];
const spools: Spool[] = [];
afterEach(async () => {
  for (const spool of spools.splice(0)) await spool.close();
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true });
});

interface Opened {
  readonly blobs: Blobs;
  readonly spool: Spool;
}

const adapters: Readonly<Record<string, () => () => Promise<Opened>>> = {
  memory: () => {
    const blobs = memoryBlobs();
    const spool = memorySpool(blobs);
    return async () => ({ blobs, spool });
  },
  folder: () => {
    const folder = mkdtempSync(join(tmpdir(), "homebody-blobs-"));
    folders.push(folder);
    return async () => {
      const blobs = await folderBlobs(join(folder, "blobs"));
      const spool = await folderSpool(join(folder, "spool"), blobs);
      spools.push(spool);
      return { blobs, spool };
    };
  },
  "a folder with a log": () => {
    const folder = mkdtempSync(join(tmpdir(), "homebody-blobs-"));
    folders.push(folder);
    return async () => {
      const blobs = await folderBlobs(join(folder, "blobs"));
      await blobs.takeLog();
      const spool = await folderSpool(join(folder, "spool"), blobs);
      spools.push({ ...spool, close: () => spool.close().then(blobs.close) });
      return { blobs, spool };
    };
  },
};

const bytes = (text: string) => new TextEncoder().encode(text);
const upload = (digit: string) => digit.repeat(32) as UploadId;
const absent = "0".repeat(64) as Sha256;

async function all(stream: AsyncIterable<Uint8Array> | undefined): Promise<string> {
  let text = "";
  for await (const piece of stream!) text += new TextDecoder().decode(piece);
  return text;
}

for (const [name, make] of Object.entries(adapters))
  describe(`blobs and spool in ${name}`, () => {
    test("a blob is named by its hash, whole or in ranges", async () => {
      const { blobs } = await make()();
      const hash = await blobs.put(bytes("the body travels"));
      expect(hash).toBe(sha256Of(bytes("the body travels")));
      expect(await blobs.get(hash)).toEqual(bytes("the body travels"));
      expect(await blobs.size(hash)).toBe(16);
      expect(await all(await blobs.stream(hash, { start: 4, end: 8 }))).toBe("body");
      expect(await all(await blobs.stream(hash, { start: 4, end: 4 }))).toBe("");
      expect(await blobs.list()).toEqual([hash]);
    });

    test("putting again is nothing new; the empty blob is a blob", async () => {
      const { blobs } = await make()();
      const hash = await blobs.put(bytes("x"));
      expect(await blobs.put(bytes("x"))).toBe(hash);
      const empty = await blobs.put(new Uint8Array());
      expect(await blobs.size(empty)).toBe(0);
      expect([...(await blobs.list())].sort()).toEqual([hash, empty].sort());
    });

    test("what is not there is undefined, and may be removed", async () => {
      const { blobs } = await make()();
      expect(await blobs.get(absent)).toBeUndefined();
      expect(await blobs.size(absent)).toBeUndefined();
      expect(await blobs.stream(absent, { start: 0, end: 1 })).toBeUndefined();
      await blobs.remove(absent);
      const hash = await blobs.put(bytes("x"));
      await blobs.remove(hash);
      expect(await blobs.get(hash)).toBeUndefined();
      expect(await blobs.list()).toEqual([]);
    });

    test("an upload grows in order, is listed, goes on after a restart, and becomes a blob", async () => {
      const open = make();
      const first = await open();
      expect(await first.spool.size(upload("a"))).toBe(0);
      expect(await first.spool.append(upload("a"), 0, bytes("the "))).toBe(4);
      const { spool, blobs } = await open();
      expect(await spool.size(upload("a"))).toBe(4);
      expect(await spool.append(upload("a"), 4, bytes("delta"))).toBe(9);
      expect(await spool.list()).toEqual([{ upload: upload("a"), sizeBytes: 9 }]);
      const hash = sha256Of(bytes("the delta"));
      expect((await seal(spool, upload("a"), hash)).bytes).toEqual(bytes("the delta"));
      expect(await blobs.get(hash)).toEqual(bytes("the delta"));
      expect(await spool.list()).toEqual([]);
      expect((await seal(spool, upload("a"), hash)).bytes).toEqual(bytes("the delta")); // again, after a crash between seal and journal
    });

    test("of an upload that another began, the hash is that of all its bytes", async () => {
      const open = make();
      const first = await open();
      await first.spool.append(upload("e"), 0, bytes("begun "));
      await first.spool.close();
      const { spool, blobs } = await open();
      await expect(spool.append(upload("e"), 0, bytes("anew"))).rejects.toThrow("expected offset 6, got 0");
      await spool.append(upload("e"), 6, bytes("and "));
      await expect(seal(spool, upload("e"), absent)).rejects.toMatchObject({ name: "SpoolMismatch" });
      expect(await spool.append(upload("e"), 10, bytes("ended"))).toBe(15);
      const hash = sha256Of(bytes("begun and ended"));
      await seal(spool, upload("e"), hash);
      expect(await blobs.get(hash)).toEqual(bytes("begun and ended"));
      await spool.close();
    });

    test("of more uploads than files may be open at once, each is whole", async () => {
      const { spool, blobs } = await make()();
      const many = Array.from({ length: 300 }, (_, i) => `${1000 + i}`.repeat(8) as UploadId);
      for (const half of [0, 4])
        await Promise.all(many.map((each, i) => spool.append(each, half, bytes(`${1000 + i}`))));
      for (const [i, each] of many.entries())
        await seal(spool, each, sha256Of(bytes(`${1000 + i}`.repeat(2))));
      expect(await blobs.list()).toHaveLength(300);
      expect(await spool.list()).toEqual([]);
    });

    test("a piece at another place is refused and leaves the upload as it was", async () => {
      const { spool } = await make()();
      await spool.append(upload("b"), 0, bytes("1234"));
      await expect(spool.append(upload("b"), 3, bytes("x"))).rejects.toMatchObject({ name: "SpoolMismatch" });
      await expect(spool.append(upload("b"), 5, bytes("x"))).rejects.toThrow("expected offset 4, got 5");
      expect(await spool.size(upload("b"))).toBe(4);
    });

    test("who looks at an upload says what it found, and its hash; a file has its bytes and no others", async () => {
      const { spool, blobs } = await make()();
      await spool.append(upload("f"), 0, bytes("the "));
      await spool.append(upload("f"), 4, bytes("delta"));
      const hash = sha256Of(bytes("the delta"));
      const found = await spool.seal(upload("f"), hash, async (lying) => {
        const read = await lying.read();
        expect(lying.sizeBytes).toBe(9);
        if (lying.path !== undefined) expect(readFileSync(lying.path, "utf8")).toBe("the delta");
        expect(await blobs.get(hash)).toBeUndefined();
        return { sha256: sha256Of(read), letters: read.length };
      });
      expect(found).toEqual({ sha256: hash, letters: 9 });
      expect(await blobs.get(hash)).toEqual(bytes("the delta"));
    });

    test("an upload at which nobody could look stays, and may be sealed later", async () => {
      const { spool, blobs } = await make()();
      await spool.append(upload("g"), 0, bytes("delta"));
      const hash = sha256Of(bytes("delta"));
      const fails = () => Promise.reject(new Error("the thread is gone"));
      await expect(spool.seal(upload("g"), hash, fails)).rejects.toThrow("the thread is gone");
      expect(await blobs.list()).toEqual([]);
      expect(await spool.size(upload("g"))).toBe(5);
      await seal(spool, upload("g"), hash);
      expect(await blobs.get(hash)).toEqual(bytes("delta"));
    });

    test("an upload with another hash is not sealed", async () => {
      const { spool, blobs } = await make()();
      await spool.append(upload("c"), 0, bytes("damaged"));
      await expect(seal(spool, upload("c"), absent)).rejects.toMatchObject({ name: "SpoolMismatch" });
      await expect(seal(spool, upload("d"), absent)).rejects.toThrow("got nothing");
      expect(await blobs.list()).toEqual([]);
      await spool.remove(upload("c"));
      expect(await spool.size(upload("c"))).toBe(0);
    });
  });

test("an upload whose file cannot be had is told, and afterwards its file says how much of it is here", async () => {
  const folder = mkdtempSync(join(tmpdir(), "homebody-blobs-"));
  folders.push(folder);
  const blobs = await folderBlobs(join(folder, "blobs"));
  const spool = await folderSpool(join(folder, "spool"), blobs);
  spools.push(spool);
  await spool.append(upload("a"), 0, bytes("half "));
  const file = join(folder, "spool", upload("a"));
  await spool.close();
  // A folder in its place: opening it for writing fails, as on a disk that does.
  rmSync(file);
  mkdirSync(file);
  const size = statSync(file).size;
  await expect(spool.append(upload("a"), size, bytes("x"))).rejects.toMatchObject({ code: "EISDIR" });
  rmSync(file, { recursive: true });
  writeFileSync(file, "half and s");
  expect(await spool.size(upload("a"))).toBe(10);
  await spool.append(upload("a"), 10, bytes("ome"));
  await seal(spool, upload("a"), sha256Of(bytes("half and some")));
});
