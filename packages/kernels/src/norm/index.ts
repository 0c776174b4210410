// LayerNorm (Ba et al. 2016) and RMSNorm (Zhang and Sennrich 2019) over the last axis.
//
// y = (x - mean) / sqrt(var + epsilon) * weight + bias, var over C, not C - 1; RMSNorm: y = x / sqrt(mean(x²) +
// epsilon) * weight. x, y [N, C]; weight, bias [C]; stats [N, 2]: each row's mean (0 in RMSNorm) and 1 / deviation.
//
// Kernel Norm: operands x, weight, bias? (with one it is LayerNorm), y, stats; attribute epsilon.
// Kernel NormGrad: operands x, weight, stats, dy, skip? (added to dx: the gradient that goes around the norm), dx;
// attribute centred (LayerNorm).
// Kernel NormWeightGrad: operands x, stats, dy, dweight, dbias?; attribute accumulate.

import { type Operand, type Plan, requireShape } from "../plan/plan.ts";

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
  requireShape("norm: weight", weight, [x.shape[1]!]);
  const y = plan.temporary(x.shape, type);
  const stats = plan.temporary([x.shape[0]!, 2]);
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
  plan.add("NormGrad", { x, weight, stats, dy, skip, dx }, { centred: Number(centred) });
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
  plan.add("NormWeightGrad", operands, { accumulate: Number(accumulate) });
}
