// What every device owes a session: a trainer that moves parameters by their gradient, the same each time.

import { InputError, namedTensors } from "@homebody/base";
import { modelConfig } from "@homebody/model/config";
import { groupLayout, groups, initialParameters } from "@homebody/model/parameters";
import { NotFiniteError } from "@homebody/train";
import { describe, expect, test } from "vitest";
import type { Device, DeviceTrainer } from "../src/ports.ts";

const overrides = { width: 8, heads: 1, hidden: 8 };
const config = modelConfig({ family: "gpt2", depth: 1, context: 8, overrides }, 16);
const ids = (seed: number) => Int32Array.from({ length: 16 }, (_, i) => (seed * 5 + i * i) % 16);
const batchOf = (seed: number) => ({ inputs: ids(seed), targets: ids(seed + 1), rows: 2, context: 8 });
const adam = { betas: [0.9, 0.95], epsilon: 1e-8, weightDecay: 0, clip: 1 } as const;

/** Work on a device in virtual time needs time to pass while it is waited for. */
export function deviceContract(
  name: string,
  fresh: () => Device,
  during: <T>(work: Promise<T>) => Promise<T> = (work) => work,
): void {
  describe(name, () => {
    async function trainerOf(): Promise<DeviceTrainer> {
      const device = fresh();
      await device.start();
      const trainer = device.trainer({ config, ...adam });
      for (const group of groups) trainer.load(group, initialParameters(config, [group], "contract"));
      return trainer;
    }

    const read = async (trainer: DeviceTrainer) => {
      const all = [];
      for (const group of groups) all.push((await trainer.read(group)).data);
      return all;
    };

    test("it is started once until it is lost, and says what it lends", async () => {
      const device = fresh();
      const first = await device.start();
      expect(await device.start()).toEqual(first);
      expect(first.limits.bytes).toBeGreaterThan(0);
      device.lost();
      expect((await device.start()).backend).toBe(first.backend);
    });

    test("what is loaded is read again, group by group, in memory of its own", async () => {
      const trainer = await trainerOf();
      for (const group of groups) {
        const own = initialParameters(config, [group], "another");
        trainer.load(group, own);
        const read = await trainer.read(group);
        expect(read.data).toEqual(own.data);
        expect(read.layout.slots.map(({ name }) => name)).toEqual(
          groupLayout(config, group).slots.map(({ name }) => name),
        );
        read.data.fill(9);
        expect((await trainer.read(group)).data).toEqual(own.data);
      }
      expect(() => trainer.load("psi", namedTensors({ slots: [], size: 1 }))).toThrow(InputError);
      trainer.dispose();
    });

    test("steps lower the loss of what they train on", async () => {
      const trainer = await trainerOf();
      const before = await during(trainer.evaluate(batchOf(1)));
      for (let step = 0; step < 5; step++) {
        const { loss, tokens } = await during(trainer.step(batchOf(1), 1e-2));
        expect([Number.isFinite(loss), tokens]).toEqual([true, 16]);
      }
      const after = await during(trainer.evaluate(batchOf(1)));
      expect(after.tokens).toBe(16);
      expect(after.nats).toBeLessThan(before.nats);
      trainer.dispose();
    });

    test("values and moments are all that a step goes by: put back, it is made again, bit for bit", async () => {
      const trainer = await trainerOf();
      await during(trainer.step(batchOf(1), 1e-2));
      const [values, moments] = [await read(trainer), await trainer.readMoments()];
      expect(moments.steps).toEqual({ theta: 1, phi: 1, psi: 1 });
      await during(trainer.step(batchOf(2), 1e-2));
      const expected = await read(trainer);
      const other = await trainerOf();
      for (const [i, group] of groups.entries())
        other.load(group, namedTensors(groupLayout(config, group), values[i]!));
      other.loadMoments(moments);
      await during(other.step(batchOf(2), 1e-2));
      expect(await read(other)).toEqual(expected);
      // Without the moments it is another step.
      for (const [i, group] of groups.entries())
        other.load(group, namedTensors(groupLayout(config, group), values[i]!));
      other.loadMoments(null);
      await during(other.step(batchOf(2), 1e-2));
      expect(await read(other)).not.toEqual(expected);
      trainer.dispose();
      other.dispose();
    });

    test("steps that are started together are made one after another", async () => {
      const [together, apart] = [await trainerOf(), await trainerOf()];
      await during(Promise.all([1, 2, 3].map((seed) => together.step(batchOf(seed), 1e-2))));
      for (const seed of [1, 2, 3]) await during(apart.step(batchOf(seed), 1e-2));
      expect(await read(together)).toEqual(await read(apart));
      together.dispose();
      apart.dispose();
    });

    test("a group without a learning rate stands still, its moments too, and the rest moves", async () => {
      const trainer = await trainerOf();
      const [theta, phi] = await read(trainer);
      await during(trainer.step(batchOf(1), { theta: null, phi: 1e-2, psi: 0 }));
      const after = await read(trainer);
      expect(after[0]).toEqual(theta);
      expect(after[1]).not.toEqual(phi);
      const { steps, first } = await trainer.readMoments();
      expect(steps).toEqual({ theta: 0, phi: 1, psi: 1 });
      expect(first.data.subarray(0, theta!.length).every((x) => x === 0)).toBe(true);
      trainer.dispose();
    });

    test("a loss that is not finite moves nothing; a token outside the vocabulary is an InputError", async () => {
      const trainer = await trainerOf();
      const theta = await trainer.read("theta");
      trainer.load("psi", namedTensors(groupLayout(config, "psi"), new Float32Array(64).fill(Number.NaN)));
      await expect(during(trainer.step(batchOf(1), 1e-2))).rejects.toThrow(NotFiniteError);
      expect((await trainer.read("theta")).data).toEqual(theta.data);
      const inputs = ids(1).fill(16);
      await expect(during(trainer.step({ ...batchOf(1), inputs }, 1e-2))).rejects.toThrow(InputError);
      trainer.dispose();
    });

    test("a predictor gives the logits of what follows, of its own values, as often as it reads the same", async () => {
      const device = fresh();
      await device.start();
      const predictor = device.predictor(config);
      for (const group of groups) predictor.load(group, initialParameters(config, [group], "contract"));
      const cache = predictor.cache();
      const first = (await cache.read([1, 2, 3])).slice();
      expect(first).toHaveLength(16);
      await cache.read([4]);
      expect(cache.length).toBe(4);
      cache.rewind(0);
      expect(await cache.read([1, 2, 3])).toEqual(first);
      for (const group of groups) predictor.load(group, initialParameters(config, [group], "another"));
      cache.rewind(0);
      expect(await cache.read([1, 2, 3])).not.toEqual(first);
      cache.rewind(0);
      await expect(cache.read([])).rejects.toThrow(InputError);
      await expect(cache.read(Array.from({ length: 9 }, () => 1))).rejects.toThrow(InputError);
      predictor.dispose();
    });
  });
}
