import { type NamedTensors, namedTensors, tensorLayout } from "@homebody/base";
import { dimensions, initialParameters } from "@homebody/model";
import { createTrainer, startBackend, type Trainer } from "@homebody/train";
import { afterEach, beforeAll, expect, test } from "vitest";
import {
  type AdaptProgress,
  type AdaptSettings,
  adapt,
  adaptingOptions,
  adaptingRate,
  beginningOf,
  compare,
  firstParameters,
  randomBody,
  readParameters,
} from "../src/index.ts";
import { documentsOf, english, prepare, smallConfig } from "./small.ts";

beforeAll(async () => {
  await startBackend("wasm", { threads: 1 });
});

const text = prepare(documentsOf(english, 60, "adapt"));
const settings: AdaptSettings = {
  steps: 24,
  batch: 4,
  learningRate: adaptingRate(0.01, 24),
  freezeBody: false,
  seed: "1",
  evaluateEvery: 10,
  heldOutRows: 8,
};

const trainers: Trainer[] = [];
afterEach(() => {
  for (const trainer of trainers.splice(0)) trainer.dispose();
});

function trainerOf(family: "gpt2" | "llama"): Trainer {
  const trainer = createTrainer(adaptingOptions(smallConfig(family)));
  trainers.push(trainer);
  return trainer;
}

async function all<T>(work: AsyncGenerator<T, unknown>): Promise<T[]> {
  const list: T[] = [];
  for await (const one of work) list.push(one);
  return list;
}

const beginning = (family: "gpt2" | "llama", seed = "1") =>
  beginningOf(smallConfig(family), randomBody(smallConfig(family), seed), null, seed);

test.each(["gpt2", "llama"] as const)(
  "%s: a text is learnt, with an evaluation before, every so often and at the end",
  async (family) => {
    const progress = await all(adapt(trainerOf(family), text, beginning(family), settings));
    expect(progress.map(({ step }) => step)).toEqual(Array.from({ length: 25 }, (_, step) => step));
    const scored = progress.filter(({ heldOut }) => heldOut !== null);
    expect(scored.map(({ step }) => step)).toEqual([0, 10, 20, 24]);
    const [first, last] = [scored[0]!.heldOut!, scored.at(-1)!.heldOut!];
    // Before anything is learnt every token of the vocabulary is about as likely: ln V nats each.
    expect(first.nats / first.tokens).toBeCloseTo(Math.log(300), 1);
    expect(last.bitsPerByte).toBeLessThan(0.75 * first.bitsPerByte);
    expect(last.bitsPerByte).toBe(last.nats / Math.LN2 / last.bytes);
  },
);

test("with a frozen body the embeddings alone move", async () => {
  const trainer = trainerOf("gpt2");
  const from = beginning("gpt2");
  await all(adapt(trainer, text, from, { ...settings, freezeBody: true }));
  const to = await readParameters(trainer);
  expect(to.theta.data).toEqual(from.theta.data);
  expect(to.phi.data).not.toEqual(from.phi.data);
  expect(to.psi.data).not.toEqual(from.psi.data);
});

test("the same inputs give the same numbers, also where arms take turns", async () => {
  const alone = async (seed: string) => {
    const trainer = trainerOf("llama");
    const progress = await all(adapt(trainer, text, beginning("llama", seed), settings));
    return { progress, end: await readParameters(trainer) };
  };
  const [one, two, again] = [await alone("1"), await alone("2"), await alone("1")];
  expect(again).toEqual(one);
  expect(two.end).not.toEqual(one.end);

  const work = compare(
    trainerOf("llama"),
    text,
    { one: beginning("llama", "1"), two: beginning("llama", "2") },
    settings,
  );
  const seen: Record<"one" | "two", AdaptProgress[]> = { one: [], two: [] };
  const turns: string[] = [];
  for (;;) {
    const { value, done } = await work.next();
    if (done) {
      expect(value).toEqual({ one: one.end, two: two.end });
      break;
    }
    const { arm, ...progress } = value;
    if (turns.at(-1) !== arm) turns.push(arm);
    seen[arm].push(progress);
  }
  expect(seen).toEqual({ one: one.progress, two: two.progress });
  expect(turns).toEqual(["one", "two", "one", "two", "one", "two", "one", "two"]);
});

test("a body that was trained on a language is ahead of a random one in the same language", async () => {
  const trainer = trainerOf("llama");
  await all(adapt(trainer, text, beginning("llama"), { ...settings, steps: 60 }));
  const { theta } = await readParameters(trainer);
  const other = prepare(documentsOf(english, 60, "other documents"));
  const config = smallConfig("llama");
  const arms = {
    given: beginningOf(config, theta, null, "2"),
    random: beginningOf(config, randomBody(config, "2"), null, "2"),
  };
  const last: Record<string, number> = {};
  for await (const { arm, heldOut } of compare(trainer, other, arms, settings))
    if (heldOut !== null) last[arm] = heldOut.bitsPerByte;
  expect(last.given).toBeLessThan(last.random!);
});

test("cancelled between steps", async () => {
  const controller = new AbortController();
  const steps: number[] = [];
  const work = async () => {
    for await (const { step } of adapt(
      trainerOf("llama"),
      text,
      beginning("llama"),
      settings,
      controller.signal,
    )) {
      steps.push(step);
      if (step === 3) controller.abort();
    }
  };
  await expect(work()).rejects.toThrow(expect.objectContaining({ name: "AbortError" }));
  expect(steps).toEqual([0, 1, 2, 3]);
});

test("what is given of embeddings is taken, and what is not is random", () => {
  const config = smallConfig("gpt2");
  const body = randomBody(config, "1");
  const { psi } = firstParameters(config, "other");
  const fresh = beginningOf(config, body, null, "1");
  const some = beginningOf(config, body, { psi }, "1");
  expect(some).toEqual({ ...fresh, psi });
  expect(some.psi.data).not.toEqual(fresh.psi.data);
});

test("embeddings of another vocabulary or context, and another body, are refused in words", () => {
  const config = smallConfig("gpt2");
  const body = randomBody(config, "1");
  const { phi, psi } = firstParameters(config, "1");
  const wide = firstParameters(smallConfig("gpt2", 400), "1");
  expect(() => beginningOf(config, body, { phi: wide.phi, psi }, "1")).toThrow(
    "token embedding, tensor 0: expected transformer.wte.weight [300, 16], got transformer.wte.weight [400, 16]",
  );
  const { width } = dimensions(config);
  const long = namedTensors(tensorLayout([{ name: "transformer.wpe.weight", shape: [32, width] }]));
  expect(() => beginningOf(config, body, { phi, psi: long }, "1")).toThrow(
    "position embedding, tensor 0: expected transformer.wpe.weight [16, 16], got transformer.wpe.weight [32, 16]",
  );
  const llama = initialParameters(smallConfig("llama"), ["theta"], "1");
  expect(() => beginningOf(config, llama, null, "1")).toThrow(
    "body, tensor 0: expected transformer.h.0.ln_1.weight",
  );
  const broken: NamedTensors = { ...body, data: body.data.slice() };
  broken.data[5] = Number.NaN;
  expect(() => beginningOf(config, broken, null, "1")).toThrow(
    "body: expected finite numbers, got NaN at place 5",
  );
});

test("text that was prepared for another model is refused in words", async () => {
  const small = createTrainer(adaptingOptions(smallConfig("llama", 260)));
  trainers.push(small);
  const config = small.config;
  const work = adapt(small, text, beginningOf(config, randomBody(config, "1"), null, "1"), settings);
  await expect(work.next()).rejects.toThrow("tokenizer: expected at most 260 tokens, the model's vocabulary");
});
