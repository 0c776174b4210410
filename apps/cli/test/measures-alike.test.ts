// All measures of one model on one short document, against sums that are made here from the model's logits: what is counted (tokens,
// the document's end, bytes) is the same in each. The model is that of a finished run.

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { adaptingOptions, loadParameters, pairAccuracy, parallelBits, scorerOf } from "@homebody/experiment";
import { dimensions } from "@homebody/model";
import { startBackend } from "@homebody/train";
import { createMeasuringTrainer, type MeasuringTrainer } from "@homebody/train/measuring";
import { afterAll, beforeAll, expect, test } from "vitest";
import { createMeasurer, measures } from "../src/evaluate/measure.ts";
import type { TrainedModel } from "../src/models/of-run.ts";
import { findModels } from "../src/models/trained.ts";
import { finishedRun } from "./finished-run.ts";

let folder: string;
let model: TrainedModel;
let trainer: MeasuringTrainer;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "homebody-measures-"));
  const { server, dataDir } = await finishedRun(folder, { rounds: 2, localSteps: 20 });
  await server.close();
  model = (await findModels(`${dataDir}#a`))[0]!;
  await startBackend("wasm", { threads: 1 });
  trainer = createMeasuringTrainer(adaptingOptions(model.config));
  loadParameters(trainer, model.parameters);
}, 60_000);
afterAll(() => {
  trainer.dispose();
  rmSync(folder, { recursive: true, force: true });
});

/** -ln p of each token of a sequence after the first, by softmax over the logits. The sequence fits the context. */
async function costs(sequence: readonly number[]): Promise<number[]> {
  const { context, vocabulary } = dimensions(model.config);
  const inputs = new Int32Array(context);
  inputs.set(sequence.slice(0, -1));
  const logits = await trainer.logits({ inputs, targets: inputs, rows: 1, context });
  return sequence.slice(1).map((target, at) => {
    const row = Array.from(logits.subarray(at * vocabulary, (at + 1) * vocabulary));
    return Math.log(row.reduce((sum, logit) => sum + Math.exp(logit), 0)) - row[target]!;
  });
}

const sum = (values: readonly number[]) => values.reduce((total, value) => total + value, 0);

test("each counts every token and the document's end once, and the bytes of the text", async () => {
  const document = "the body travels far é";
  const bytes = 23; // é has two
  const training = ["the far body", "travels"];
  const { tokenizer } = model;
  const end = tokenizer.endOfDocument;
  const tokens = [...tokenizer.encode(document)];
  expect(tokens.length).toBeLessThanOrEqual(15);
  const cost = await costs([end, ...tokens, end]);
  const nats = sum(cost);
  expect(cost).toHaveLength(tokens.length + 1);

  const measure = createMeasurer({
    measures: new Set(measures),
    rows: "all",
    pairs: 5,
    seed: "1",
    show: () => {},
    breathe: async () => {},
  });
  // No language has this tag, so there is no declaration, and of one sentence there is no pair to make but by swapping.
  const corpus = { name: "one", language: "qaa", documents: { train: training, heldOut: [document] } };
  const measured = await measure(model, trainer, corpus);
  expect(measured).toMatchObject({ tokens: tokens.length + 1, bytes, lostBytes: 0, udhr: null });
  expect(measured.nats).toBeCloseTo(nats, 3);
  expect(measured.bitsPerByte).toBeCloseTo(nats / Math.log(2) / bytes, 4);
  expect(measured.perplexity! / Math.exp(nats / (tokens.length + 1))).toBeCloseTo(1, 4);

  // The unigram model: a document's end counts in training as it does here.
  const stream = training.flatMap((text) => [...tokenizer.encode(text), end]);
  const count = (token: number) => stream.filter((one) => one === token).length;
  const all = stream.length + model.config.vocab_size;
  const unigram = sum([...tokens, end].map((token) => -Math.log((count(token) + 1) / all)));
  expect(measured.unigram!.bitsPerByte).toBeCloseTo(unigram / Math.log(2) / bytes, 9);
  expect(measured.unigram!.normalised).toBeCloseTo((nats - unigram) / (tokens.length + 1), 4);

  // The same text as parallel text takes the same bits: it stands at the start of a document, and its end counts.
  const parallel = await parallelBits(scorerOf(trainer), tokenizer, [document]);
  expect(parallel.total).toBeCloseTo(nats / Math.log(2), 3);
  expect(parallel.bytes).toBe(bytes);
});

test("a sentence of a pair is not a whole document, so its end is left out", async () => {
  const { tokenizer } = model;
  const sentences = [
    "the body travels far",
    "far far the body",
    "body far travels the",
    "travels travels body",
  ];
  const end = tokenizer.endOfDocument;
  const nats: number[] = [];
  for (const sentence of sentences) nats.push(sum(await costs([end, ...tokenizer.encode(sentence)])));
  const pairs = sentences.flatMap((good) =>
    sentences.flatMap((bad) => (good === bad ? [] : [{ good, bad, kind: `${good}/${bad}` }])),
  );
  const found = await pairAccuracy(scorerOf(trainer), tokenizer, pairs);
  for (const { good, bad, kind } of pairs)
    expect(found.get(kind)!.right, kind).toBe(
      nats[sentences.indexOf(good)]! < nats[sentences.indexOf(bad)]! ? 1 : 0,
    );
});
