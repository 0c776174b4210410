// Adds a norm, and its gradients, to a plan.

import type { Operand, Plan } from "../plan/plan.ts";

export interface Normed {
  readonly y: Operand;
  readonly stats: Operand;
}

export interface NormParameters {
  readonly weight: Operand;
  readonly bias?: Operand | undefined;
}

export function norm(
  plan: Plan,
  x: Operand,
  { weight, bias }: NormParameters,
  epsilon: number,
  type: "f32" | "f16" = "f32",
): Normed {
  const y = plan.temporary(x.shape, type);
  const [rows = 0] = x.shape;
  const stats = plan.temporary([rows, 2]);
  plan.add("Norm", { x, weight, bias, y, stats }, { epsilon });
  return { y, stats };
}

export interface NormGradInputs {
  readonly x: Operand;
  readonly stats: Operand;
  readonly weight: Operand;
  readonly centred: boolean;
  readonly skip?: Operand | undefined;
}

export function normGrad(plan: Plan, inputs: NormGradInputs, dy: Operand): Operand {
  const { x, stats, weight, centred, skip } = inputs;
  const dx = plan.temporary(x.shape);
  plan.add("NormGrad", { x, weight, stats, dy, skip, dx }, { centred });
  return dx;
}

export function normWeightGrad(
  plan: Plan,
  { x, stats }: Pick<NormGradInputs, "x" | "stats">,
  dy: Operand,
  into: NormParameters,
  accumulate: boolean,
): void {
  const operands = { x, stats, dy, dweight: into.weight, dbias: into.bias };
  plan.add("NormWeightGrad", operands, { accumulate });
}
