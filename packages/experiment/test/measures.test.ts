// Measures of models whose probabilities are known: uniform, unigram, and one that is computed from logits here.

import { InputError, type NamedTensors, tensorByName } from "@homebody/base";
import { modelConfig } from "@homebody/model";
import { heldOutBatches, type PreparedText, type Tokenizer, unigram, utf8Length } from "@homebody/text";
import { startBackend, type Trainer } from "@homebody/train";
import { createMeasuringTrainer, type MeasuringTrainer } from "@homebody/train/measuring";
import { afterEach, beforeAll, describe, expect, test } from "vitest";
import {
  adaptingOptions,
  bitsOfText,
  evaluateHeldOut,
  firstParameters,
  loadParameters,
  lostBytes,
  type Parameters,
  pairAccuracy,
  parallelBits,
  perplexity,
  scorerOf,
  unigramNormalised,
} from "../src/index.ts";
import { context, documentsOf, english, prepare, smallConfig } from "./small.ts";

beforeAll(async () => {
  await startBackend("wasm", { threads: 1 });
});

const trainers: Trainer[] = [];
afterEach(() => {
  for (const trainer of trainers.splice(0)) trainer.dispose();
});

function trainerOf(parameters: Parameters, config = smallConfig("llama")): MeasuringTrainer {
  const trainer = createMeasuringTrainer(adaptingOptions(config));
  trainers.push(trainer);
  loadParameters(trainer, parameters);
  return trainer;
}

const vocabulary = 300;
const text = prepare(documentsOf(english, 40, "measures"), vocabulary);
const { tokenizer } = text;
const all = { batch: 4, sampleRows: "all", seed: "1" } as const;
const zeros = (tensors: NamedTensors): NamedTensors => ({ ...tensors, data: tensors.data.map(() => 0) });

/** All embeddings are 0, and so are the logits. */
function uniform(): Trainer {
  const first = firstParameters(smallConfig("llama"), "1");
  return trainerOf({ ...first, phi: zeros(first.phi) });
}

/** Its last states are (1, 0, 0, ...) whatever came before, so a head's first column are the logits. */
function unigramModel(logit: (token: number) => number): Trainer {
  const overrides = { width: 16, heads: 2, hidden: 32, tied: false };
  const config = modelConfig({ family: "gpt2", depth: 1, context, overrides }, vocabulary);
  const first = firstParameters(config, "1");
  const [theta, phi] = [{ ...first.theta, data: first.theta.data.slice() }, zeros(first.phi)];
  tensorByName(theta, "transformer.ln_f.weight").fill(0);
  tensorByName(theta, "transformer.ln_f.bias").fill(0)[0] = 1;
  const head = tensorByName(phi, "lm_head.weight");
  for (let token = 0; token < vocabulary; token++) head[token * 16] = logit(token);
  return trainerOf({ ...first, theta, phi }, config);
}

/** Add-one counts of the training shard: what the best unigram model knows. */
function trainCounts({ train }: PreparedText): Float64Array {
  const counts = new Float64Array(vocabulary).fill(1);
  for (const token of train.stream.subarray(1)) counts[token]! += 1;
  return counts;
}

describe("a uniform model, in closed form", () => {
  test("held-out text: log2 V bits a token, and a perplexity of V", async () => {
    const score = await evaluateHeldOut(uniform(), text.heldOut, all);
    const tokens = text.heldOut.stream.length - 1;
    expect(score.tokens).toBe(tokens);
    expect(score.bitsPerByte).toBeCloseTo((tokens * Math.log2(vocabulary)) / score.bytes, 5);
    expect(perplexity(score)).toBeCloseTo(vocabulary, 2);
  });

  test("a text of any length: log2 V bits for each token and for the end", async () => {
    const scorer = scorerOf(uniform());
    for (const words of [1, 3, 12, 60]) {
      const written = Array.from({ length: words }, (_, i) => english[i % 5]![0]).join(" ");
      const tokens = tokenizer.encode(written).length + 1;
      expect(await bitsOfText(scorer, tokenizer, written)).toBeCloseTo(tokens * Math.log2(vocabulary), 3);
    }
  });

  test("articles in parallel: total and mean, by article", async () => {
    const articles = ["the cat sees", "a dog likes the river. one owl follows a tree", "ž"];
    const score = await parallelBits(scorerOf(uniform()), tokenizer, articles);
    const expected = articles.map((one) => (tokenizer.encode(one).length + 1) * Math.log2(vocabulary));
    for (const [i, bits] of score.bits.entries()) expect(bits).toBeCloseTo(expected[i]!, 3);
    expect(score.total).toBeCloseTo(expected[0]! + expected[1]! + expected[2]!, 3);
    expect(score.meanPerArticle).toBe(score.total / 3);
    expect(score.bytes).toBe(articles.reduce((sum, one) => sum + utf8Length(one), 0));
    await expect(parallelBits(scorerOf(uniform()), tokenizer, [])).rejects.toThrow(InputError);
  });
});

/** As one of a model that holds no row for the letter e: two bytes of three in "eye". */
const withoutE: Tokenizer = { ...tokenizer, encode: (text) => tokenizer.encode(text.replaceAll("e", "")) };

test("a byte that has no token costs 8 bits, in a text and in a pair's sentences", async () => {
  const scorer = scorerOf(uniform());
  expect(["eye", "cat", "ž", ""].map((one) => lostBytes(withoutE, one))).toEqual([2, 0, 0, 0]);
  const tokens = tokenizer.encode("on tr").length + 1;
  expect(await bitsOfText(scorer, withoutE, "one tree")).toBeCloseTo(tokens * Math.log2(vocabulary) + 24, 3);
  const { bits, lostBytes: lost } = await parallelBits(scorer, withoutE, ["eye"]);
  expect(lost).toBe(2);
  expect(bits[0]).toBeCloseTo(2 * Math.log2(vocabulary) + 16, 3); // y and the end
  // Each letter of these is a token of log2 300 = 8.2 bits, which is more than a byte that is lost costs.
  const found = await pairAccuracy(scorer, withoutE, [
    { good: "e", bad: "x", kind: "one" },
    { good: "ee", bad: "x", kind: "two" },
  ]);
  expect(found.get("one")!.right).toBe(1);
  expect(found.get("two")!.right).toBe(0);
});

test("a transformer that knows unigrams alone has a unigram-normalised loss of 0, and a better one less", async () => {
  const counts = trainCounts(text);
  const model = await evaluateHeldOut(
    unigramModel((token) => Math.log(counts[token]!)),
    text.heldOut,
    all,
  );
  const floor = unigram(text.train, heldOutBatches(text.heldOut, all), vocabulary);
  expect(unigramNormalised(model, floor)).toBeCloseTo(0, 5);
  const worse = await evaluateHeldOut(uniform(), text.heldOut, all);
  // By hand: ln V less the unigram model's mean.
  expect(unigramNormalised(worse, floor)).toBeCloseTo(Math.log(vocabulary) - floor.nats / floor.tokens, 4);
  expect(() => unigramNormalised({ ...model, tokens: 7 }, floor)).toThrow(
    "expected a unigram score of 7 tokens",
  );
});

test("sequences longer than the context: each token with at least half a context before it, as from logits", async () => {
  const first = firstParameters(smallConfig("llama"), "words");
  // Large numbers, so that what comes before matters.
  const times = (tensors: NamedTensors, by: number) => ({
    ...tensors,
    data: tensors.data.map((x) => by * x),
  });
  const trainer = trainerOf({ theta: times(first.theta, 10), phi: times(first.phi, 10), psi: first.psi });
  const sequence = [...text.heldOut.stream.subarray(0, 45)];
  const half = context / 2;

  async function logProbability(target: number, start: number): Promise<number> {
    const inputs = new Int32Array(context);
    inputs.set(sequence.slice(start, target));
    const logits = await trainer.logits({ inputs, targets: inputs, rows: 1, context });
    const at = target - 1 - start;
    const row = logits.subarray(at * vocabulary, (at + 1) * vocabulary);
    const most = row.reduce((a, b) => Math.max(a, b));
    const sum = row.reduce((total, logit) => total + Math.exp(logit - most), 0);
    return row[sequence[target]!]! - most - Math.log(sum);
  }

  let expected = 0;
  for (let target = 1; target < sequence.length; target++) {
    // Windows end at 16, 24, 32, 40 and 44 targets.
    const end =
      target <= context ? context : Math.min(44, context + half * Math.ceil((target - context) / half));
    expected += await logProbability(target, Math.max(0, end - context));
  }
  expect(await scorerOf(trainer)(sequence)).toBeCloseTo(expected, 2);
  // Not the sum of windows that know nothing of each other.
  const [start, rest] = [
    await scorerOf(trainer)(sequence.slice(0, 23)),
    await scorerOf(trainer)(sequence.slice(22)),
  ];
  expect(Math.abs(start + rest - expected)).toBeGreaterThan(1);
  await expect(scorerOf(trainer)([0])).rejects.toThrow("expected at least two tokens, got 1");
});
