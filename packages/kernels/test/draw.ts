// What a kernel's cases are made with: random sizes and numbers, and a plan to add commands to.

import type { Random } from "@homebody/base";
import { type Operand, type Plan, stepSettings } from "../src/index.ts";

/** Gives operands with values; builds one command, or several, on them. */
export interface Draw {
  readonly dice: Random;
  readonly plan: Plan;
  /** Numbers from a normal distribution, or those given. */
  tensor(shape: readonly number[], values?: ArrayLike<number>): Operand;
  integers(values: ArrayLike<number>): Operand;
  /** In half precision; sizes are multiples of 4. */
  half(shape: readonly number[]): Operand;
  /** A size from 1 on: small, odd, now and then beyond a tile or a workgroup. */
  size(most?: number): number;
}

export type Case = (draw: Draw) => void;

export const chance = (dice: Random) => dice.below(2) === 1;

export function settings(): Float32Array {
  return stepSettings({ share: 1 / 7, learningRate: 0.01, decay: 0.1, step: 3 }, { beta1: 0.9, beta2: 0.95 });
}
