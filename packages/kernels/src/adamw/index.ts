// AdamW with decoupled decay (Loshchilov and Hutter 2019, algorithm 2), over all numbers side by side, in place.
//
// m <- b1 m + (1 - b1) g; v <- b2 v + (1 - b2) g²; p <- p - lr (m' / (sqrt(v') + epsilon) + decay p), where g is the
// gradient times the clip (control's third number; where that is 0 nothing moves), and m', v' are m, v over 1 - b1^t,
// 1 - b2^t. What changes from step to step is in `settings`: see stepSettings.
//
// Kernel AdamW: operands gradient, control, settings, parameter, first, second; attributes beta1, beta2, epsilon,
// decays (0 or 1). Cost: 7 reads and writes of the size.

import { type Operand, type Plan, sizeOf } from "../plan/plan.ts";

export interface AdamWOperands {
  readonly parameter: Operand;
  readonly gradient: Operand;
  readonly first: Operand;
  readonly second: Operand;
  readonly control: Operand;
  readonly settings: Operand;
}

export interface AdamWConstants {
  readonly beta1: number;
  readonly beta2: number;
  readonly epsilon: number;
}

/** Numbers that one command takes: 128 MiB, which every WebGPU binds. */
const largest = 2 ** 25;

export function adamw(plan: Plan, operands: AdamWOperands, constants: AdamWConstants, decays: boolean): void {
  const { control, settings, ...states } = operands;
  const size = sizeOf(states.parameter.shape);
  for (let start = 0; start < size; start += largest) {
    const part = ({ storage, offset }: Operand): Operand => ({
      storage,
      offset: offset + start,
      shape: [Math.min(largest, size - start)],
    });
    const parts = Object.fromEntries(Object.entries(states).map(([name, one]) => [name, part(one)]));
    plan.add("AdamW", { ...parts, control, settings }, { ...constants, decays: Number(decays) });
  }
}

export const settingsSize = 8;

/**
 * Eight numbers: the share (see CrossEntropy); rate / (1 - b1^t); 1 / (1 - b2^t); 1 - rate decay; the rate itself, for
 * Muon; three that are unused. Rate and decay are of this step t, which counts from 1.
 */
export function stepSettings(
  step: {
    readonly share: number;
    readonly learningRate: number;
    readonly decay: number;
    readonly step: number;
  },
  { beta1, beta2 }: Pick<AdamWConstants, "beta1" | "beta2">,
): Float32Array {
  const { share, learningRate, decay, step: t } = step;
  const [rate, correction] = [learningRate / (1 - beta1 ** t), 1 / (1 - beta2 ** t)];
  return Float32Array.of(share, rate, correction, 1 - learningRate * decay, learningRate, 0, 0, 0);
}
