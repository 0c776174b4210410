// Matrix product in all four transpositions, with all that may follow it in one go:
// C = alpha op(A) op(B) + bias, and then one of: its activation; + beta residual; + C.
//
// A [M, K] or, transposed, [K, M]; B [K, N] or [N, K]; bias [N]; C and the others [M, N]. Gradients of products are
// products of the same kind, so no operand is ever transposed in memory. Cost: 2 M N K.
//
// Kernel MatMul: operands a, b, bias?, residual?, pre?, c; attributes transposeA, transposeB, alpha, beta, accumulate,
// activation: 0 none; 1 GELU, which leaves what it was given in `pre`; 2 times GELU's slope at `pre`.

import { type Operand, type Plan, requireShape } from "../plan/plan.ts";

export const activations = { none: 0, gelu: 1, geluGrad: 2 } as const;

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
  const [m, k] = transposeA ? [a.shape[1]!, a.shape[0]!] : [a.shape[0]!, a.shape[1]!];
  const [depth, n] = transposeB ? [b.shape[1]!, b.shape[0]!] : [b.shape[0]!, b.shape[1]!];
  if (depth !== k) throw new Error(`matmul: expected ${k} as B's inner axis, got ${depth}`);
  const c = options.into ?? plan.temporary([m, n], options.type);
  requireShape("matmul: C", c, [m, n]);
  if (bias !== undefined) requireShape("matmul: bias", bias, [n]);
  if (residual !== undefined) requireShape("matmul: residual", residual, [m, n]);
  if (activation !== undefined) requireShape("matmul: pre", activation.pre, [m, n]);
  const { alpha = 1, beta = 1, accumulate = false } = options;
  const after = [activation, residual, accumulate || undefined].filter((one) => one !== undefined);
  if (after.length > 1)
    throw new Error("matmul: expected one of activation, residual and accumulate, got several");
  if (alpha !== 1 && bias !== undefined)
    throw new Error("matmul: expected no bias where alpha is not 1, got one");
  plan.add(
    "MatMul",
    { a, b, bias, residual, pre: activation?.pre, c },
    {
      transposeA: Number(transposeA),
      transposeB: Number(transposeB),
      activation: activations[activation?.kind ?? "none"],
      accumulate: Number(accumulate),
      alpha,
      beta,
    },
  );
  return c;
}
