// The attacks of the study `leakage`, on what they have to find.

import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { random } from "@homebody/base";
import { modelConfig } from "@homebody/model";
import { startBackend } from "@homebody/train";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type Folder, folderAt } from "../folder.ts";
import type { Recipe, ReconstructWork, Work } from "../work.ts";
import { perform } from "./index.ts";
import { auc } from "./reconstruct.ts";

let place: string;
let folder: Folder;

beforeAll(async () => {
  await startBackend("wasm", { threads: 1 });
  place = mkdtempSync(join(tmpdir(), "homebody-leakage-"));
  folder = folderAt(place);
  mkdirSync(join(place, "a"));
  const dice = random("text");
  const words = ["the", "house", "road", "lamp", "stays", "goes", "home", "bright"];
  const line = () => {
    const text = Array.from({ length: 40 }, () => words[dice.below(words.length)]!).join(" ");
    return `${JSON.stringify({ text })}\n`;
  };
  for (const file of ["train.jsonl", "valid.jsonl"])
    writeFileSync(join(place, "a", file), Array.from({ length: 30 }, line).join(""));
  await done("tokenizer/t", {
    ...{ kind: "tokenizer", name: "t", folders: [join(place, "a")] },
    vocabulary: 270,
    bytesEach: 5000,
  });
});
afterAll(() => rmSync(place, { recursive: true, force: true }));

const done = (id: string, work: Work) => perform({ id, after: [], work, loads: [] }, folder, () => {});

const recipe = (context: number, width: number, batch: number): Recipe => ({
  model: { family: "gpt2", depth: 1, context, overrides: { width, heads: 2 } },
  batch,
  learningRate: { peak: 0.01, schedule: "constant", warmupSteps: 1, finalFraction: 0.1 },
});

const text = (name: string, context: number, planted: readonly string[]): Work => ({
  ...{ kind: "text", name, tokenizer: "t", folder: join(place, "a"), source: "a", planted },
  size: { context, trainBytes: 4000, heldOutBytes: 500 },
});

test("with the first words known, one step's delta of the body gives the row away; without them it does not", async () => {
  await done("text/t/leak", text("t/leak", 8, []));
  const work: ReconstructWork = {
    ...{ kind: "reconstruct", arm: "x", seed: 1, variant: "spec", codec: "fp16", localSteps: 1, tries: 1 },
    recipe: recipe(8, 32, 1),
    text: { source: "a", text: "t/leak" },
    vocabulary: 270,
    knows: "the first words",
  };
  const share = async (knows: ReconstructWork["knows"]) => {
    const { rows } = await done(`reconstruct/${knows}`, { ...work, knows });
    return rows.find(({ measure }) => measure === "tokens found in their place")!.value;
  };
  expect(await share("the first words")).toBeGreaterThanOrEqual(6 / 8);
  expect(await share("nothing of words")).toBeLessThanOrEqual(2 / 8);
}, 120_000);

test("rows that move otherwise are told apart: all of them 1, as many as by chance 0.5", () => {
  const config = modelConfig({ family: "gpt2", depth: 1, context: 8, overrides: { width: 4, heads: 1 } }, 6);
  const rows = (other: readonly number[]) =>
    Int8Array.from(
      Array.from({ length: 6 }, (_, row) => (other.includes(row) ? [1, -1, 1, -1] : [1, 1, 1, 1])).flat(),
    );
  expect(auc(rows([1, 4]), { config }, new Set([1, 4]))).toBe(1);
  expect(auc(rows([]), { config }, new Set([1, 4]))).toBe(0.5);
  expect(auc(rows([0]), { config }, new Set([1, 4]))).toBeLessThan(0.5);
  expect(auc(undefined, { config }, new Set([1]))).toBeNull();
});

test("a secret that stood in the text is exposed, one that did not is not", async () => {
  const canaries = [
    { prefix: "The code of Aa is ", secret: "471902", copies: 0 },
    { prefix: "The code of Bb is ", secret: "830516", copies: 60 },
  ];
  const planted = canaries.flatMap(({ prefix, secret, copies }) =>
    Array.from({ length: copies }, () => `${prefix}${secret}`),
  );
  await done("text/t/planted", text("t/planted", 32, planted));
  const source = { source: "a", text: "t/planted" };
  await done("trained/x/1", {
    ...{ kind: "standard", arm: "x", seed: 1, recipe: recipe(32, 32, 4), vocabulary: 270 },
    ...{ sources: [source], sizes: [1], temperature: 0, steps: 150, forgetEvery: null, evaluate: [] },
  });
  const { rows } = await done("exposure/x/1", {
    ...{
      kind: "exposure",
      arm: "x",
      seed: 1,
      from: "trained/x/1",
      words: "shared",
      recipe: recipe(32, 32, 4),
    },
    ...{ vocabulary: 270, source: "a", text: source, fitSteps: 0, canaries, candidates: 64 },
  });
  const [never, often] = rows.map(({ value }) => value);
  expect(often).toBe(6); // the first of 64
  expect(never).toBeLessThan(4);
}, 120_000);
