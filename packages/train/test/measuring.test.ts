// What a measuring trainer shows, beside what training itself says.

import * as tf from "@tensorflow/tfjs";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Helper, startBackend } from "../src/index.ts";
import { sumTimes } from "../src/measuring.ts";
import { batch, trainerOf } from "./trainer-contract.ts";

let helpers: readonly Helper[] = [];
beforeAll(async () => {
  ({ helpers } = await startBackend("wasm", { threads: 2 }));
});
afterAll(() => {
  for (const helper of helpers) helper.end();
});

const vocabulary = 50;

describe.each(["gpt2", "llama"] as const)("%s", (family) => {
  test("logits give the losses that evaluation adds up, and leave no memory behind", async () => {
    const trainer = trainerOf(family);
    const { nats } = await trainer.evaluate(batch);
    const before = tf.memory();
    const logits = await trainer.logits(batch);
    expect(tf.memory()).toMatchObject({ numTensors: before.numTensors, numBytes: before.numBytes });
    expect(logits).toHaveLength(batch.inputs.length * vocabulary);
    const losses = Array.from(batch.targets, (target, i) => {
      const row = Array.from(logits.subarray(i * vocabulary, (i + 1) * vocabulary));
      return Math.log(row.reduce((sum, x) => sum + Math.exp(x), 0)) - row[target]!;
    });
    expect(losses.reduce((sum, loss) => sum + loss, 0)).toBeCloseTo(nats, 3);
    trainer.dispose();
  });

  test("gradients are those of the next step, and nothing moves", async () => {
    const trainer = trainerOf(family);
    const theta = await trainer.read("theta");
    const { loss, gradients } = await trainer.gradients(batch);
    expect(await trainer.read("theta")).toEqual(theta);
    const step = await trainer.step(batch, 1e-3);
    expect(loss).toBeCloseTo(step.loss, 5);
    expect(Math.hypot(...gradients.data) / step.gradNorm).toBeCloseTo(1, 5);
    trainer.dispose();
  });

  test("a step is counted as it is profiled: on wasm a dispatch a command", async () => {
    const [trainer, parts] = [trainerOf(family), trainerOf(family, { rowsAtOnce: 1 })];
    const times = (await trainer.profile(batch))!;
    expect(trainer.counts(batch)).toEqual({ dispatches: times.length, submits: 0 });
    expect(parts.counts(batch).dispatches).toBeGreaterThan(2 * times.length);
    const [regions, kernels] = [
      sumTimes(times, ({ region }) => region),
      sumTimes(times, ({ kernel }) => kernel),
    ];
    for (const sums of [regions, kernels]) {
      expect(sums.reduce((sum, { count }) => sum + count, 0)).toBe(times.length);
      expect(sums.reduce((sum, { flops }) => sum + flops, 0)).toBe(
        times.reduce((sum, { flops }) => sum + flops, 0),
      );
    }
    expect(kernels.map(({ name }) => name)).toContain("MatMul");
    for (const one of [trainer, parts]) one.dispose();
  });

  test("with helpers only the rows that stay here are counted; gradients are the whole batch's", async () => {
    const [alone, shared] = [trainerOf(family), trainerOf(family, { helpers })];
    const [one, other] = [await alone.gradients(batch), await shared.gradients(batch)];
    expect(other.loss).toBeCloseTo(one.loss, 5);
    const norm = Math.hypot(...one.gradients.data);
    other.gradients.data.forEach((x, i) => {
      expect(Math.abs(x - one.gradients.data[i]!) / norm).toBeLessThan(1e-5);
    });
    expect(shared.counts(batch)).toEqual(alone.counts(batch)); // of fewer rows, and the same commands
    for (const trainer of [alone, shared]) trainer.dispose();
  });
});
