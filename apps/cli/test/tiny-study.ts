// A whole study so small that a test can kill it: `node --import tsx tiny-study.ts STUDY CORPORA OUT [SEEDS]`.

import { join } from "node:path";
import { sourceAt } from "../src/study/corpus.ts";
import { runStudy } from "../src/study/run.ts";
import type { Scale } from "../src/study/scale.ts";
import { studies } from "../src/study/studies.ts";

export const tinyScale: Scale = {
  model: { family: "gpt2", depth: 1, context: 16, overrides: { width: 16, heads: 2 } },
  batch: 2,
  tokensEach: 128,
  rounds: 2,
  peak: 0.01,
  globalVocabulary: 300,
  ownVocabulary: 270,
  adaptShare: 0.5,
  adaptLeast: 2,
  trainBytes: 4000,
  heldOutBytes: 600,
  tokenizerBytes: 2000,
  curveRows: 4,
  seeds: 2,
  scale: 1,
};

const [name, corpora, out, seeds = "2"] = process.argv.slice(2);
const study = studies.find((one) => one.name === name);
if (study !== undefined && corpora !== undefined && out !== undefined) {
  const at = (id: string) => sourceAt(join(corpora, id));
  const [a, b, c] = [await at("a"), await at("b"), await at("c")];
  const plan = { sources: [a, b], unseen: [c], seeds: Number(seeds), scale: tinyScale, factor: 1 };
  const { signal } = new AbortController();
  await runStudy({ study, plan, out, workers: 2, stop: { signal } });
  process.exit(0);
}
