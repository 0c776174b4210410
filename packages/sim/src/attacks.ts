// Ways to poison a body from within what a coordinator accepts. Everything of the volunteer is real but what its device says that it
// has learnt.

import { type NamedTensors, namedTensors, permutation, type Random, random } from "@homebody/base";
import type { Batch } from "@homebody/text";
import { ratesOf } from "@homebody/train";
import type { Device, DeviceTrainer } from "@homebody/volunteer";

/** What an attacker has when its delta of the body is due. */
export interface Known {
  /** What it has learnt in the round. */
  readonly own: NamedTensors;
  /** How the body moved with the last outer step, as `own`; zeros before the first. */
  readonly moved: Float32Array;
  /** A number that is so large is accepted for sure. */
  readonly reach: number;
  /** Of the attacker and the round. */
  readonly dice: Random;
}

export interface Attack {
  /** What it sends of the body, in words. */
  readonly what: string;
  /** The delta, as `own`; without it what was learnt is sent. */
  readonly delta?: (known: Known) => Float32Array;
  /** What is trained in place of a batch. */
  readonly batch?: (batch: Batch, dice: Random) => Batch;
}

export const attacks = {
  "sign-flip": { what: "what it learnt, the other way round", delta: ({ own }) => own.data.map((x) => -x) },
  scaled: {
    what: "ten times what it learnt, the other way round, no number further than is accepted",
    delta: ({ own, reach }) => own.data.map((x) => -Math.max(-reach, Math.min(reach, 10 * x))),
  },
  "one-tensor": {
    what: "what it learnt, and the weights of the last norm lowered as far as is accepted",
    delta: ({ own, reach }) => {
      const last = own.layout.slots.findLast(({ shape }) => shape.length === 1);
      const numbers = own.data.slice();
      if (last !== undefined) numbers.fill(-reach, last.offset, last.offset + last.size);
      return numbers;
    },
  },
  huge: { what: "ten thousand, everywhere", delta: ({ own }) => own.data.map(() => 1e4) },
  noise: {
    what: "all numbers up or down by chance, as far as is accepted",
    delta: ({ own, reach, dice }) => own.data.map(() => (dice.uniform() < 0.5 ? -reach : reach)),
  },
  colluding: {
    what: "all numbers up, as far as is accepted; copies but for a little noise",
    delta: ({ own, reach, dice }) => own.data.map(() => reach * (1 - 0.01 * dice.uniform())),
  },
  stale: {
    what: "the last outer step once more, but for a little noise",
    delta: ({ moved, dice }) => moved.map((x) => x * (1 - 0.01 * dice.uniform())),
  },
  shuffled: {
    what: "what it learnt of batches whose targets are shuffled",
    batch: (batch, dice) => ({ ...batch, targets: shuffled(batch.targets, dice) }),
  },
} as const satisfies Readonly<Record<string, Attack>>;

export type AttackName = keyof typeof attacks;

/** A device that computes as the given one and says of the body what the attack does. `seed`: of its dice. */
export function attacking(device: Device, attack: Attack, seed: string): Device {
  return { ...device, trainer: (...options) => attackingTrainer(device.trainer(...options), attack, seed) };
}

function attackingTrainer(trainer: DeviceTrainer, { delta, batch }: Attack, seed: string): DeviceTrainer {
  let start: Float32Array | undefined;
  let moved: Float32Array | undefined;
  let [bodies, steps, reach] = [0, 0, 0];
  return {
    ...trainer,
    load: (group, tensors) => {
      if (group === "theta") {
        const { data } = tensors;
        if (start?.some((x, i) => x !== data[i])) moved = difference(data, start);
        start = data.slice();
        bodies += 1;
        reach = 0;
      }
      trainer.load(group, tensors);
    },
    step: (given, rates) => {
      reach += ratesOf(rates).theta ?? 0; // AdamW's steps are no longer than this if they all go one way
      steps += 1;
      return trainer.step(batch?.(given, random(`${seed}/step ${steps}`)) ?? given, rates);
    },
    read: async (group) => {
      const read = await trainer.read(group);
      if (group !== "theta" || delta === undefined || start === undefined) return read;
      const from = start;
      const sent = delta({
        own: namedTensors(read.layout, difference(read.data, from)),
        moved: moved ?? new Float32Array(from.length),
        ...{ reach, dice: random(`${seed}/body ${bodies}`) },
      });
      return namedTensors(
        read.layout,
        sent.map((x, i) => from[i]! + x),
      );
    },
  };
}

function shuffled(numbers: Int32Array, dice: Random): Int32Array {
  return Int32Array.from(permutation(numbers.length, dice), (i) => numbers[i]!);
}

const difference = (to: Float32Array, from: Float32Array) => to.map((x, i) => x - from[i]!);
