// Deltas that are measured in threads of their own.

import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { sha256Of } from "@homebody/base";
import { exchangeOf, formsOf } from "@homebody/dept";
import { contentsOf } from "@homebody/service";
import { inMemory, type StoredBytes } from "@homebody/store";
import { afterAll, expect, test } from "vitest";
import { manifest } from "../../../packages/dept/test/manifests.ts";
import { deltaOf } from "../../../test/deltas.ts";
import { measuringThreads } from "../src/measuring/threads.ts";

const run = manifest({ codec: "fp16" });
const forms = formsOf(exchangeOf(run));
const folder = mkdtempSync(join(tmpdir(), "homebody-measuring-"));
afterAll(() => rmSync(folder, { recursive: true }));

/** Its bytes are in the file alone. */
function inFile(name: string, bytes: Uint8Array): StoredBytes {
  const path = join(folder, name);
  writeFileSync(path, bytes);
  const read = () => Promise.reject(new Error("it reads the file by itself"));
  return { path, sizeBytes: bytes.length, read };
}

const measured = (bytes: Uint8Array) => ({ sha256: sha256Of(bytes), contents: contentsOf(bytes, forms) });

test("of each delta of many at once it says what would be said here, also of one that is none, from its bytes or its file", {
  timeout: 60_000,
}, async () => {
  const deltas = ["a", "b", "c"].map((seed) => deltaOf(run, seed));
  deltas.push(deltas[0]!.subarray(1), new Uint8Array(0));
  const threads = measuringThreads(2);
  const each = [...deltas.map(inMemory), ...deltas.map((delta, i) => inFile(String(i), delta))];
  const found = await Promise.all(each.map((delta) => threads.measure(delta, forms)));
  expect(found).toEqual([...deltas, ...deltas].map(measured));
  expect(found.map(({ contents }) => contents.kind).slice(0, 5)).toEqual([
    ...["numbers", "numbers", "numbers", "wrong-shape", "wrong-shape"],
  ]);
  await threads.close();
});

test("of a file that has less than was said it measures what is there; one that is not there is the system's error", {
  timeout: 60_000,
}, async () => {
  const delta = deltaOf(run, "a");
  const threads = measuringThreads(1);
  const cut = { ...inFile("cut", delta.subarray(0, 100)), sizeBytes: delta.length };
  expect(await threads.measure(cut, forms)).toEqual(measured(delta.subarray(0, 100)));
  const gone = { ...cut, path: join(folder, "gone") };
  await expect(threads.measure(gone, forms)).rejects.toMatchObject({ code: "ENOENT" });
  await threads.close();
});

test("a thread that is gone fails what it was at, and is started again", { timeout: 60_000 }, async () => {
  const delta = deltaOf(run, "a");
  const thread = measuringThreads(1);
  const cut = thread.measure(inFile("whole", delta), forms);
  await Promise.all([expect(cut).rejects.toThrow("ended by itself"), thread.close()]);
  expect(await thread.measure(inMemory(delta), forms)).toEqual(measured(delta));
  await thread.close();
});
