// One run ends with a model, and another one starts from it.

import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { groups } from "@homebody/model";
import { createServer, stderrLog } from "@homebody/server";
import { afterAll, beforeAll, expect, test } from "vitest";
import { writeRun } from "../../../test/run-folder.ts";
import type { Row } from "../src/evaluate/tables.ts";
import { run as evaluate } from "../src/evaluate.ts";
import { run as exporting } from "../src/export.ts";
import { readModelFolder } from "../src/models/folder.ts";
import { run as simulate } from "../src/simulate.ts";
import { run as verify } from "../src/verify.ts";
import { captured, finishedRun } from "./finished-run.ts";

const wasm = ["--backend", "wasm", "--threads", "1"];
const glob = ["variant: glob", "vocabulary: { kind: global, size: 300 }"];

let folder: string;
const at = (...path: string[]) => join(folder, ...path);

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "homebody-start-from-"));
  const made = await finishedRun(at("first"), { rounds: 2, localSteps: 20, family: "gpt2", more: glob });
  await made.server.close();
  await captured(exporting, [made.dataDir, "--to", at("model")]);
}, 60_000);
afterAll(() => rmSync(folder, { recursive: true, force: true }));

async function bitsPerByte(model: string): Promise<number> {
  const args = [model, "--text", at("first", "a.jsonl"), "--measures", "bits-per-byte", ...wasm, "--json"];
  const { rows } = JSON.parse((await captured(evaluate, args)).stdout) as { rows: Row[] };
  return rows.find(({ corpus }) => corpus === "a.jsonl")!.measured.bitsPerByte;
}

test("[X21] GLOB: the first body of the run is the model, and measures as it does", async () => {
  const more = ["variant: glob", "vocabulary: { kind: global }"];
  const run = writeRun(at("glob"), { start: "../model", more });
  const server = await createServer({ run, dataDir: at("glob", "data"), port: 0, log: stderrLog("silent") });
  const { start } = server.state().manifest;
  await server.close();
  await captured(exporting, [at("glob", "data"), "--body", "0", "--to", at("again")]);
  const [model, again] = [await readModelFolder(at("model")), await readModelFolder(at("again"))];
  for (const group of groups) expect(again.parameters[group]).toEqual(model.parameters[group]);
  expect(again.tokenizer.toJson()).toBe(model.tokenizer.toJson());
  expect(await bitsPerByte(at("glob", "data"))).toBe(await bitsPerByte(at("model")));
  expect(readFileSync(at("again", "README.md"), "utf8")).toContain(
    `| starts from | model (its body, token embedding, position embedding), weights of SHA-256 \`${start!.sha256}\` |`,
  );
});

test.each([
  ["words of devices", ["vocabulary: { kind: source, size: 300 }"]],
  ["words of sources", ["words: source", "vocabulary: { kind: source, size: 300 }"]],
])("[X21] [V20] SPEC, %s: fresh words fit the model's body before its first round", async (name, more) => {
  const options = { rounds: 1, keep: "{ deltaRounds: all }", more };
  const started = await finishedRun(at(name), { ...options, start: "../model" });
  const seeded = await finishedRun(at(`${name}, by the seed`), { ...options, family: "gpt2" });
  const first = (run: typeof started) => run.scores.map((scores) => scores.find(({ body }) => body === 0)!);
  for (const [i, { bitsPerByte }] of first(started).entries())
    expect(bitsPerByte).toBeLessThan(0.9 * first(seeded)[i]!.bitsPerByte);
  for (const { server } of [started, seeded]) await server.close();
  expect((await captured(verify, [started.dataDir])).code).toBe(0);
});

test("[X21] a simulated run starts from the model, too", async () => {
  const more = ["vocabulary: { kind: source, size: 300 }"];
  const run = writeRun(at("simulated"), { start: "../model", more });
  const args = [run, "--volunteers", "2", "--rounds", "1", "--seed", "1", "--stub-training"];
  const { code, stdout } = await captured(simulate, args);
  expect([code, JSON.parse(stdout)]).toMatchObject([0, { rounds: 1 }]);
});
