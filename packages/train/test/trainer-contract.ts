// What every backend owes a trainer. The file that runs it says on which, and starts it first.

import { InputError, random } from "@homebody/base";
import { groupLayout, groups, modelConfig } from "@homebody/model";
import * as tf from "@tensorflow/tfjs";
import { describe, expect, test } from "vitest";
import { loadFirst, NotFiniteError } from "../src/index.ts";
import { createMeasuringTrainer, type MeasuringTrainer } from "../src/measuring.ts";
import { byName, ReferenceOptimiser, type ReferenceRates, type ReferenceSettings } from "./reference.ts";

const families = ["gpt2", "llama"] as const;
export const settings = { betas: [0.9, 0.95], epsilon: 1e-8, weightDecay: 0.1, clip: 1 } as const;

export function trainerOf(family: (typeof families)[number], options = {}): MeasuringTrainer {
  const overrides = { width: 16, heads: 2, hidden: 24 };
  const config = modelConfig({ family, depth: 2, context: 8, overrides }, 50);
  const trainer = createMeasuringTrainer({ config, ...settings, ...options });
  loadFirst(trainer, "test");
  return trainer;
}

const dice = random("batches");
const ids = () => Int32Array.from({ length: 24 }, () => dice.below(50));
export const batch = { inputs: ids(), targets: ids(), rows: 3, context: 8 };

/** Bytes; in browsers of JavaScript's heap alone. */
function memoryOfProcess(): number {
  const browser = globalThis.performance as { memory?: { usedJSHeapSize: number } };
  return browser.memory?.usedJSHeapSize ?? globalThis.process.memoryUsage().rss;
}

/** Steps by the trainer and by the reference, from the trainer's values and gradients. */
export async function expectAsReference(
  trainer: MeasuringTrainer,
  settings: ReferenceSettings,
  steps: readonly ReferenceRates[],
  tolerance = 1e-5,
): Promise<void> {
  const present = groups.filter((group) => groupLayout(trainer.config, group).size > 0);
  const first = [];
  for (const group of present) first.push(await trainer.read(group));
  const reference = new ReferenceOptimiser(trainer.config, settings, first);
  for (const [i, rates] of steps.entries()) {
    const before = new Map([...reference.states].map(([name, { value }]) => [name, value.slice()]));
    const { gradients } = await trainer.gradients(batch);
    const norm = reference.step(gradients, rates);
    const { gradNorm } = await trainer.step(batch, rates);
    expect(Math.abs(gradNorm / norm - 1), `norm, step ${i}`).toBeLessThan(tolerance);
    for (const group of present)
      for (const [name, got] of byName(await trainer.read(group))) {
        const { value } = reference.states.get(name)!;
        const moved = Math.hypot(...value.map((x, j) => x - before.get(name)![j]!));
        const wrong = Math.hypot(...value.map((x, j) => x - got[j]!));
        if (rates[group] === null || rates[group] === 0) expect(moved, `${name}, step ${i}`).toBe(0);
        // What float32 cannot hold of a value is no fault of the step.
        const rounding = 1e-6 * Math.hypot(...value);
        expect(wrong, `${name}, step ${i}`).toBeLessThanOrEqual(tolerance * moved + rounding);
        value.set(got); // each step is looked at by itself
      }
  }
}

export function trainerContract(): void {
  test("a thousand steps take no more memory than the first", async () => {
    const trainer = trainerOf("llama");
    for (let i = 0; i < 20; i++) await trainer.step(batch, 1e-3);
    const [tensors, process] = [tf.memory(), memoryOfProcess()];
    for (let i = 0; i < 1000; i++) await trainer.step(batch, 1e-3);
    expect(tf.memory().numTensors).toBe(tensors.numTensors);
    expect(tf.memory().numBytes).toBe(tensors.numBytes);
    // What is not collected yet may add some; a leak of one buffer a step would add more.
    expect(memoryOfProcess() - process).toBeLessThan(64e6);
    trainer.dispose();
  });

  describe.each(families)("%s", (family) => {
    test("a step leaves as many tensors as there were", async () => {
      const trainer = trainerOf(family);
      await trainer.step(batch, 1e-3);
      await trainer.evaluate(batch); // plans are made once, and kept
      const before = tf.memory();
      for (let i = 0; i < 5; i++) await trainer.step(batch, 1e-3);
      await trainer.evaluate(batch);
      expect(tf.memory().numTensors).toBe(before.numTensors);
      expect(tf.memory().numBytes).toBe(before.numBytes);
      trainer.dispose();
    });

    test.each([
      { rowsAtOnce: 1 },
      { rowsAtOnce: 2 },
      { recompute: true },
      { rowsAtOnce: 2, recompute: true },
    ])("parts of a batch and layers that run twice give the gradients of the whole: %j", async (how) => {
      const [one, other] = [trainerOf(family), trainerOf(family, how)];
      const masked = { ...batch, targets: batch.targets.map((id, i) => (i % 7 === 0 ? -100 : id)) };
      const [whole, parts] = [await one.gradients(masked), await other.gradients(masked)];
      expect(parts.loss).toBeCloseTo(whole.loss, 5);
      const norm = Math.hypot(...whole.gradients.data);
      parts.gradients.data.forEach((x, i) => {
        expect(Math.abs(x - whole.gradients.data[i]!) / norm).toBeLessThan(1e-5);
      });
      const steps = [await one.step(masked, 1e-2), await other.step(masked, 1e-2)];
      expect(steps[1]!.loss).toBeCloseTo(steps[0]!.loss, 5);
      expect(steps[1]!.gradNorm / steps[0]!.gradNorm).toBeCloseTo(1, 5);
      one.dispose();
      other.dispose();
    });

    test("steps that are started before the last one is done are done in order", async () => {
      const [one, other] = [trainerOf(family), trainerOf(family)];
      const slow = [];
      for (let i = 0; i < 4; i++) slow.push(await one.step(batch, 1e-2));
      const fast = await Promise.all(Array.from({ length: 4 }, () => other.step(batch, 1e-2)));
      expect(fast).toEqual(slow);
      expect(await other.read("theta")).toEqual(await one.read("theta"));
      one.dispose();
      other.dispose();
    });

    test("the loss falls on a batch that is seen again and again", async () => {
      const trainer = trainerOf(family);
      const first = (await trainer.step(batch, 1e-2)).loss;
      let last = first;
      for (let i = 0; i < 60; i++) last = (await trainer.step(batch, 1e-2)).loss;
      expect(first).toBeGreaterThan(3.5); // ln 50 = 3.9
      expect(last).toBeLessThan(first / 2);
      trainer.dispose();
    });

    test("a loss that is not finite is an error, and moves nothing", async () => {
      const trainer = trainerOf(family);
      await trainer.gradients(batch);
      await trainer.step(batch, 1e-3);
      const theta = await trainer.read("theta");
      theta.data[0] = Number.NaN;
      trainer.load("theta", theta);
      const before = await trainer.read("phi");
      const count = tf.memory().numTensors;
      await expect(trainer.step(batch, 1e-3)).rejects.toBeInstanceOf(NotFiniteError);
      expect(await trainer.read("phi")).toEqual(before);
      expect(tf.memory().numTensors).toBe(count);
      trainer.dispose();
    });

    test.each([{}, { recompute: true, rowsAtOnce: 2 }])(
      "each group has a learning rate, or stands still, as in float64: %j",
      async (how) => {
        const trainer = trainerOf(family, how);
        await expectAsReference(trainer, settings, [
          { theta: null, phi: 1e-2, psi: 2e-2 },
          { theta: 3e-3, phi: 1e-2, psi: 2e-3 },
          { theta: 1e-2, phi: null, psi: 1e-2 },
          { theta: 1e-2, phi: 0, psi: null },
          { theta: null, phi: 1e-2, psi: null },
          { theta: 3e-3, phi: 3e-3, psi: 3e-3 },
        ]);
        trainer.dispose();
      },
    );

    test.each([{}, { recompute: true, rowsAtOnce: 2 }])(
      "Muon moves the body's matrices, as in float64: %j",
      async (how) => {
        const byMuon = { ...settings, optimiser: { kind: "muon", momentum: 0.95 } } as const;
        const trainer = trainerOf(family, { ...how, ...byMuon });
        await expectAsReference(
          trainer,
          byMuon,
          [
            { theta: 1e-2, phi: 1e-2, psi: 1e-2 },
            { theta: null, phi: 1e-2, psi: 1e-2 },
            { theta: 3e-3, phi: 3e-3, psi: 3e-3 },
            { theta: 2e-2, phi: null, psi: null },
            { theta: 1e-2, phi: 1e-2, psi: 1e-2 },
          ],
          1e-4,
        );
        trainer.dispose();
      },
    );

    test("by Muon the loss falls, and one that is not finite moves nothing", async () => {
      const trainer = trainerOf(family, { optimiser: { kind: "muon", momentum: 0.95 } });
      const { loss: first } = await trainer.step(batch, 1e-2);
      for (let i = 0; i < 60; i++) await trainer.step(batch, 1e-2);
      expect((await trainer.evaluate(batch)).nats / batch.targets.length).toBeLessThan(first / 2);
      const broken = await trainer.read("phi");
      broken.data.fill(Number.NaN);
      trainer.load("phi", broken);
      const [theta, moments] = [await trainer.read("theta"), await trainer.readMoments()];
      await expect(trainer.step(batch, 1e-2)).rejects.toBeInstanceOf(NotFiniteError);
      expect(await trainer.read("theta")).toEqual(theta);
      expect(await trainer.readMoments()).toEqual(moments);
      trainer.dispose();
    });

    test("what stands still stays as it was, bit for bit, and so do its moments", async () => {
      const trainer = trainerOf(family);
      await trainer.step(batch, 1e-2);
      const [theta, phi, before] = [
        await trainer.read("theta"),
        await trainer.read("phi"),
        await trainer.readMoments(),
      ];
      for (let i = 0; i < 3; i++) await trainer.step(batch, { theta: null, phi: 1e-2, psi: 1e-2 });
      expect((await trainer.read("theta")).data).toEqual(theta.data);
      expect((await trainer.read("phi")).data).not.toEqual(phi.data);
      const after = await trainer.readMoments();
      expect(after.steps).toMatchObject({ theta: 1, phi: 4 });
      for (const which of ["first", "second"] as const)
        for (const { name } of theta.layout.slots)
          expect(byName(after[which]).get(name)).toEqual(byName(before[which]).get(name));
      trainer.dispose();
    });

    test("moments of some groups begin anew, the others go on", async () => {
      const trainer = trainerOf(family);
      for (let i = 0; i < 2; i++) await trainer.step(batch, 1e-2);
      const before = await trainer.readMoments();
      trainer.clearMoments(["phi"]);
      const after = await trainer.readMoments();
      expect(after.steps).toMatchObject({ theta: 2, phi: 0 });
      const phi = new Set(groupLayout(trainer.config, "phi").slots.map(({ name }) => name));
      for (const which of ["first", "second"] as const)
        for (const [name, numbers] of byName(after[which]))
          if (phi.has(name)) expect(numbers.every((x) => x === 0)).toBe(true);
          else expect(numbers).toEqual(byName(before[which]).get(name));
      trainer.dispose();
    });

    test("rates that say nothing, or are no rates, are an InputError, and move nothing", async () => {
      const trainer = trainerOf(family);
      const theta = await trainer.read("theta");
      const none = { theta: null, phi: null, psi: null };
      await expect(trainer.step(batch, none)).rejects.toBeInstanceOf(InputError);
      await expect(trainer.step(batch, { ...none, phi: -1 })).rejects.toThrow(
        "learning rate of phi: expected a number from 0 on, or null, got -1",
      );
      await expect(trainer.step(batch, Number.NaN)).rejects.toBeInstanceOf(InputError);
      expect((await trainer.readMoments()).steps).toEqual({ theta: 0, phi: 0, psi: 0 });
      expect(await trainer.read("theta")).toEqual(theta);
      trainer.dispose();
    });

    test("parameters and moments that are read and loaded go on as if nothing had been", async () => {
      const one = trainerOf(family);
      for (let i = 0; i < 3; i++) await one.step(batch, 1e-3);
      const other = trainerOf(family);
      for (const group of groups)
        if (groupLayout(one.config, group).size > 0) other.load(group, await one.read(group));
      other.loadMoments(await one.readMoments());
      expect(await other.step(batch, 1e-3)).toEqual(await one.step(batch, 1e-3));
      expect((await other.read("theta")).data).toEqual((await one.read("theta")).data);
      one.dispose();
      other.dispose();
    });
  });
}
