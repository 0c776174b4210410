// The baselines on the real engine: what they do is held to loops written by hand.

import { random } from "@homebody/base";
import { learningRate } from "@homebody/dept";
import { initialParameters, modelConfig } from "@homebody/model";
import { drawBatch, type Shard } from "@homebody/text";
import { createTrainer, startBackend, type Trainer } from "@homebody/train";
import { afterEach, beforeAll, expect, test } from "vitest";
import {
  firstParameters,
  loadParameters,
  type MixtureSource,
  readParameters,
  type StandardSettings,
  standard,
} from "../src/index.ts";

const context = 8;
const config = modelConfig(
  { family: "gpt2", depth: 1, context, overrides: { width: 16, heads: 2, hidden: 32 } },
  40,
);
const settings: StandardSettings = {
  steps: 7,
  rows: 3,
  temperature: 0,
  learningRate: { peak: 0.01, schedule: "cosine", warmupSteps: 2, finalFraction: 0.1 },
  seed: "t",
  forgetting: null,
};

function sourceOf(id: string): MixtureSource {
  const dice = random(id);
  const stream = Uint16Array.from({ length: 20 * context + 1 }, () => dice.below(40));
  const shard: Shard = { context, rows: 20, stream, rowBytes: new Uint32Array(20).fill(context) };
  return { id, shard, size: stream.length };
}

const trainers: Trainer[] = [];
beforeAll(async () => {
  await startBackend("wasm", { threads: 1 });
});
afterEach(() => {
  for (const trainer of trainers.splice(0)) trainer.dispose();
});

function begun(): Trainer {
  const adamw = { betas: [0.9, 0.95], epsilon: 1e-8, weightDecay: 0, clip: 1 } as const;
  const trainer = createTrainer({ config, ...adamw });
  loadParameters(trainer, firstParameters(config, "first"));
  trainers.push(trainer);
  return trainer;
}

async function numbersOf(trainer: Trainer): Promise<number[]> {
  const { theta, phi, psi } = await readParameters(trainer);
  return [theta, phi, psi].flatMap(({ data }) => [...data]);
}

async function run(
  trainer: Trainer,
  sources: readonly MixtureSource[],
  change: Partial<StandardSettings> = {},
  [from, to] = [0, Number.POSITIVE_INFINITY],
): Promise<number[]> {
  const losses: number[] = [];
  for await (const { step, loss } of standard(trainer, sources, { ...settings, ...change }, from)) {
    losses.push(loss);
    if (step === to) break;
  }
  return losses;
}

/** Step by step on one source; before the steps named, its embeddings begin anew with moments of zero. */
async function byHand(trainer: Trainer, { id, shard }: MixtureSource, anew: readonly number[] = []) {
  trainer.loadMoments(null);
  const losses: number[] = [];
  for (let step = 0; step < settings.steps; step++) {
    if (anew.includes(step)) {
      const moments = await trainer.readMoments();
      for (const group of ["phi", "psi"] as const)
        trainer.load(group, initialParameters(config, [group], `t/forgetting/${step / anew[0]!}`));
      for (const { layout, data } of [moments.first, moments.second])
        for (const { name, offset, size } of layout.slots)
          if (/wte|wpe/.test(name)) data.fill(0, offset, offset + size);
      trainer.loadMoments({ ...moments, steps: { theta: step, phi: 0, psi: 0 } });
    }
    const draw = { seed: "t", source: id, slot: 0, slots: 1, round: 0, localSteps: settings.steps };
    const batch = drawBatch(shard, { ...draw, step, batch: settings.rows });
    const theta = learningRate(settings.learningRate, step, settings.steps);
    // Words have their own cosine from 0.01 to 0.001 in each three steps, after the run's warm-up of two steps.
    const words = anew.length === 0 ? theta : [0.005, 0.01, 0.00325, 0.01, 0.00775, 0.00325, 0.01][step]!;
    const { loss } = await trainer.step(batch, { theta, phi: words, psi: words });
    losses.push(loss);
  }
  return losses;
}

test("STD on one source is a plain loop over that source's batches", async () => {
  const [one, other] = [begun(), begun()];
  const losses = await run(one, [sourceOf("a")]);
  expect(losses).toEqual(await byHand(other, sourceOf("a")));
  expect(losses).toHaveLength(7);
  expect(await numbersOf(one)).toEqual(await numbersOf(other));
});

test("ACT begins its embeddings anew every so many steps, exactly then, and leaves the body and its moments", async () => {
  const [one, other] = [begun(), begun()];
  const resets: string[] = [];
  let made = 0;
  const watched: Trainer = {
    ...one,
    overlaps: false,
    step: (batch, rate) => {
      made += 1;
      return one.step(batch, rate);
    },
    load: (group, tensors) => {
      resets.push(`${group} before step ${made}`);
      one.load(group, tensors);
    },
  };
  const losses = await run(watched, [sourceOf("a")], { forgetting: { every: 3 } });
  expect(resets).toEqual(
    [3, 6].flatMap((step) => ["phi", "psi"].map((group) => `${group} before step ${step}`)),
  );
  expect(losses).toEqual(await byHand(other, sourceOf("a"), [3, 6]));
  expect(await numbersOf(one)).toEqual(await numbersOf(other));
});

test.each([null, { every: 2 }])(
  "what is interrupted ends as what is not (forgetting: %o)",
  async (forgetting) => {
    const [one, first, second] = [begun(), begun(), begun()];
    const sources = [sourceOf("a"), sourceOf("b")];
    const losses = await run(one, sources, { forgetting });
    const before = await run(first, sources, { forgetting }, [0, 4]);
    loadParameters(second, await readParameters(first));
    second.loadMoments(await first.readMoments());
    const after = await run(second, sources, { forgetting }, [4, Number.POSITIVE_INFINITY]);
    expect([...before, ...after]).toEqual(losses);
    expect(await numbersOf(second)).toEqual(await numbersOf(one));
  },
);
