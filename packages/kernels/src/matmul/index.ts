// Adds matrix products to a plan.

import type { Operand, Plan } from "../plan/plan.ts";

export interface MatMulOptions {
  readonly transposeA?: boolean;
  readonly transposeB?: boolean;
  readonly bias?: Operand | undefined;
  readonly residual?: Operand | undefined;
  /** GELU on the way out, keeping what it was given here; or, backwards, its slope there. */
  readonly activation?: { readonly kind: "gelu" | "geluGrad"; readonly pre: Operand };
  readonly alpha?: number;
  readonly beta?: number;
  /** Where C goes; a temporary of the plan otherwise. */
  readonly into?: Operand;
  /** Adds to what is in `into`. */
  readonly accumulate?: boolean;
  readonly type?: "f32" | "f16";
}

export function matmul(plan: Plan, a: Operand, b: Operand, options: MatMulOptions = {}): Operand {
  const { transposeA = false, transposeB = false, bias, residual, activation } = options;
  const { alpha = 1, beta = 1, accumulate = false } = options;
  const after = [activation, residual, accumulate || undefined].filter((one) => one !== undefined);
  if (after.length > 1)
    throw new Error("matmul: expected one of activation, residual and accumulate, got several");
  if (alpha !== 1 && bias !== undefined)
    throw new Error("matmul: expected no bias where alpha is not 1, got one");
  const [m, n] = [a.shape[transposeA ? 1 : 0] ?? 0, b.shape[transposeB ? 0 : 1] ?? 0];
  const c = options.into ?? plan.temporary([m, n], options.type);
  plan.add(
    "MatMul",
    { a, b, bias, residual, pre: activation?.pre, c },
    { transposeA, transposeB, activation: activation?.kind ?? "none", accumulate, alpha, beta },
  );
  return c;
}
