// Adds AdamW to a plan, and gives the numbers of a step.

import { type Operand, type Plan, sizeOf } from "../plan/plan.ts";
import { settingsSize } from "./spec.ts";

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
  const { parameter, gradient, first, second, control, settings } = operands;
  const size = sizeOf(parameter.shape);
  for (let start = 0; start < size; start += largest) {
    const part = ({ storage, offset }: Operand): Operand => ({
      storage,
      offset: offset + start,
      shape: [Math.min(largest, size - start)],
    });
    plan.add(
      "AdamW",
      {
        parameter: part(parameter),
        gradient: part(gradient),
        first: part(first),
        second: part(second),
        control,
        settings,
      },
      { ...constants, decays },
    );
  }
}

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
  const settings = new Float32Array(settingsSize);
  settings.set([share, rate, correction, 1 - learningRate * decay, learningRate]);
  return settings;
}
