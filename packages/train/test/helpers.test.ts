// A trainer whose batches are shared with another thread: the same model, up to the order of sums.

import { afterAll, beforeAll, expect, test } from "vitest";
import { type Helper, startBackend } from "../src/index.ts";
import { batch, expectAsReference, settings, trainerOf } from "./trainer-contract.ts";

let helpers: readonly Helper[] = [];

beforeAll(async () => {
  ({ helpers } = await startBackend("wasm", { threads: 3 }));
  expect(helpers).toHaveLength(2);
});

afterAll(() => {
  for (const helper of helpers) helper.end();
});

test.each(["gpt2", "llama"] as const)("%s: trains as one thread does", async (family) => {
  const alone = trainerOf(family);
  const shared = trainerOf(family, { helpers });
  const masked = { ...batch, targets: batch.targets.map((id, i) => (i % 5 === 0 ? -100 : id)) };
  for (let step = 0; step < 5; step++) {
    const [one, other] = [await alone.step(masked, 1e-2), await shared.step(masked, 1e-2)];
    expect(other.loss / one.loss).toBeCloseTo(1, 5);
    expect(other.gradNorm / one.gradNorm).toBeCloseTo(1, 4);
  }
  const [one, other] = [await alone.evaluate(batch), await shared.evaluate(batch)];
  expect(other.nats / one.nats).toBeCloseTo(1, 4);
  alone.dispose();
  shared.dispose();
});

test.each(["gpt2", "llama"] as const)("%s: where groups stand still too", async (family) => {
  const shared = trainerOf(family, { helpers });
  await expectAsReference(shared, settings, [
    { theta: 1e-2, phi: 1e-2, psi: 1e-2 },
    { theta: null, phi: 1e-2, psi: 1e-2 },
    { theta: 1e-2, phi: null, psi: 1e-2 },
    { theta: 1e-3, phi: 1e-2, psi: 1e-2 },
  ]);
  shared.dispose();
});

test("training with helpers gives the same bits every time", async () => {
  const run = async () => {
    const trainer = trainerOf("llama", { helpers });
    for (let step = 0; step < 3; step++) await trainer.step(batch, 1e-2);
    const { data } = await trainer.read("theta");
    trainer.dispose();
    return data;
  };
  expect(await run()).toEqual(await run());
});

test("a helper that works for one trainer is left to it, and free again afterwards", async () => {
  const first = trainerOf("llama", { helpers });
  const second = trainerOf("llama", { helpers });
  expect(helpers[0]!.begin({} as never)).toBe(false);
  expect((await second.step(batch, 1e-3)).loss).toBeCloseTo((await first.step(batch, 1e-3)).loss, 4);
  first.dispose();
  second.dispose();
  const third = trainerOf("llama", { helpers });
  expect(helpers[0]!.begin({} as never)).toBe(false);
  third.dispose();
});

test("steps that are started before the last one is done are done in order", async () => {
  const one = trainerOf("llama", { helpers });
  const fast = await Promise.all(Array.from({ length: 3 }, () => one.step(batch, 1e-2)));
  one.dispose();
  const again = trainerOf("llama", { helpers });
  const slow = [];
  for (let i = 0; i < 3; i++) slow.push(await again.step(batch, 1e-2));
  expect(fast).toEqual(slow);
  again.dispose();
});

test("a batch of fewer rows than there are threads", async () => {
  const shared = trainerOf("gpt2", { helpers });
  const alone = trainerOf("gpt2");
  const one = { ...batch, inputs: batch.inputs.slice(0, 8), targets: batch.targets.slice(0, 8), rows: 1 };
  expect(await shared.step(one, 1e-3)).toEqual(await alone.step(one, 1e-3));
  expect((await shared.step(batch, 1e-3)).loss).toBeCloseTo((await alone.step(batch, 1e-3)).loss, 4);
  shared.dispose();
  alone.dispose();
});
