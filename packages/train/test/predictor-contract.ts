// What every backend owes a predictor and its caches. The file that runs it says on which, and starts it first.

import { random } from "@homebody/base";
import { groupLayout, groups, type ModelConfig, type ModelDial, modelConfig } from "@homebody/model";
import * as tf from "@tensorflow/tfjs";
import { describe, expect, test } from "vitest";
import { createPredictor, loadFirst, type Predictor, sample } from "../src/index.ts";
import { createMeasuringTrainer, type MeasuringTrainer } from "../src/measuring.ts";
import { settings } from "./trainer-contract.ts";

const context = 80;
const vocabulary = 50;
const size = { width: 24, heads: 6, hidden: 40 };
const kinds: Readonly<Record<string, Pick<ModelDial, "family" | "overrides">>> = {
  gpt2: { family: "gpt2", overrides: { ...size, tied: false } },
  llama: { family: "llama", overrides: { ...size, tied: false } },
  "llama, grouped": { family: "llama", overrides: { ...size, kvHeads: 2 } },
};
const configOf = (kind: string): ModelConfig =>
  modelConfig({ ...kinds[kind]!, depth: 2, context }, vocabulary);

const dice = random("tokens");
const text = Array.from({ length: context }, () => dice.below(vocabulary));

/** A trainer with values far from its first ones, so that positions and attention count, and a predictor with the same. */
async function pairOf(kind: string): Promise<{ trainer: MeasuringTrainer; predictor: Predictor }> {
  const config = configOf(kind);
  const trainer = createMeasuringTrainer({ config, ...settings });
  loadFirst(trainer, "test");
  const predictor = createPredictor(config);
  for (const group of groups) {
    if (groupLayout(config, group).size === 0) continue;
    const tensors = await trainer.read(group);
    const dice = random(`far ${group}`);
    for (let i = 0; i < tensors.data.length; i++) tensors.data[i]! += 0.15 * dice.normal();
    for (const one of [trainer, predictor]) one.load(group, tensors);
  }
  return { trainer, predictor };
}

/** Of the whole text at once, by position. */
async function wholeForward(trainer: MeasuringTrainer, tokens: readonly number[]) {
  const inputs = Int32Array.from(tokens);
  const all = await trainer.logits({ inputs, targets: inputs, rows: 1, context: tokens.length });
  return tokens.map((_, at) => all.subarray(at * vocabulary, (at + 1) * vocabulary));
}

function expectAlike(logits: Float32Array, wanted: Float32Array, where: string): void {
  const scale = wanted.reduce((most, x) => Math.max(most, Math.abs(x)), 0);
  const worst = wanted.reduce((most, x, i) => Math.max(most, Math.abs(x - logits[i]!)), 0);
  expect(logits).toHaveLength(vocabulary);
  expect(worst / scale, where).toBeLessThan(1e-5);
}

const greedy = { temperature: 0, topK: 1, seed: "1" } as const;
const likeliest = (logits: Float32Array) => logits.indexOf(Math.max(...logits));

async function sampled(
  predictor: Predictor,
  prompt: readonly number[],
  options: Parameters<typeof sample>[2],
) {
  const cache = predictor.cache();
  const tokens: number[] = [];
  for await (const token of sample(cache, prompt, options)) tokens.push(token);
  cache.dispose();
  return tokens;
}

export function predictorContract(): void {
  describe.each(Object.keys(kinds))("predictor, %s", (kind) => {
    test("logits are those of the whole text at once, however it is cut, up to the end of the context", async () => {
      const { trainer, predictor } = await pairOf(kind);
      const wanted = await wholeForward(trainer, text);
      for (const cuts of [[1], [3, 1, 1], [7, 8, 9], [70, 1], [80]]) {
        const cache = predictor.cache();
        for (let i = 0; cache.length < context; i++) {
          const logits = await cache.read(text.slice(cache.length, cache.length + cuts[i % cuts.length]!));
          expectAlike(logits, wanted[cache.length - 1]!, `${cuts}, after ${cache.length}`);
        }
        cache.dispose();
      }
      trainer.dispose();
      predictor.dispose();
    });

    test("the likeliest tokens are those of whole forward passes; past the context the last half goes on", async () => {
      const { trainer, predictor } = await pairOf(kind);
      const prompt = text.slice(0, 60);
      const [all, made] = [[...prompt], await sampled(predictor, prompt, { ...greedy, tokens: 45 })];
      let window = 0;
      for (const [i, token] of made.entries()) {
        if (all.length - window > context) window = all.length - context / 2;
        const logits = (await wholeForward(trainer, all.slice(window))).at(-1)!;
        expect(token, `token ${i}`).toBe(likeliest(logits));
        all.push(token);
      }
      expect(window).toBeGreaterThan(0);
      expect(new Set(made).size).toBeGreaterThan(2); // it is not one token again and again
      trainer.dispose();
      predictor.dispose();
    });
  });

  test("caches are apart, a rewind takes back what was read, and values may be loaded anew", async () => {
    const { trainer, predictor } = await pairOf("llama");
    const [one, other] = [predictor.cache(), predictor.cache()];
    await one.read(text.slice(0, 20));
    await other.read(text.slice(30, 39));
    one.rewind(12);
    const branch = [...text.slice(0, 12), 7, 8];
    expectAlike(await one.read([7, 8]), (await wholeForward(trainer, branch)).at(-1)!, "after a rewind");
    const apart = text.slice(30, 41);
    expectAlike(await other.read(apart.slice(9)), (await wholeForward(trainer, apart)).at(-1)!, "the other");
    loadFirst(trainer, "another");
    for (const group of ["theta", "phi"] as const) predictor.load(group, await trainer.read(group));
    one.rewind(0);
    expectAlike(await one.read(branch), (await wholeForward(trainer, branch)).at(-1)!, "other values");
    trainer.dispose();
    predictor.dispose();
  });

  test("a sample is the seed's, and tokens of the vocabulary", async () => {
    const { trainer, predictor } = await pairOf("gpt2");
    const options = { tokens: 12, temperature: 1, topK: 10, seed: "s" };
    const first = await sampled(predictor, [1, 2, 3], options);
    expect(first).toHaveLength(12);
    expect(await sampled(predictor, [1, 2, 3], options)).toEqual(first);
    expect(await sampled(predictor, [1, 2, 3], { ...options, seed: "t" })).not.toEqual(first);
    expect(first.every((token) => token >= 0 && token < vocabulary)).toBe(true);
    trainer.dispose();
    predictor.dispose();
  });

  test("what cannot be read is said: nothing, too much, another vocabulary's; nothing stays in memory", async () => {
    const before = tf.memory();
    const predictor = createPredictor(configOf("gpt2"));
    const cache = predictor.cache();
    await cache.read(text.slice(0, 70));
    await expect(cache.read([])).rejects.toThrow("cache: tokens: expected at least one, got none");
    await expect(cache.read(text.slice(0, 11))).rejects.toThrow("expected at most 10 more, got 11");
    await expect(cache.read([50])).rejects.toThrow("expected tokens from 0 to 49, got 50");
    expect(() => cache.rewind(71)).toThrow("cache: length: expected a whole number from 0 to 70, got 71");
    expect(cache.length).toBe(70);
    cache.dispose();
    predictor.dispose();
    expect(tf.memory()).toMatchObject({ numTensors: before.numTensors, numBytes: before.numBytes });
  });
}
