// Matrix product in all four transpositions, with all that may follow it in one go:
// C = alpha op(A) op(B) + bias, and then one of: its activation; + beta residual; + C.
//
// The activation `gelu` leaves what it was given in `pre`; `geluGrad` multiplies by GELU's slope at `pre`. Gradients of
// products are products of the same kind, so no operand is ever transposed in memory.

import { accumulated, input, kernel, optional, transposedBy, update } from "../plan/spec.ts";

export const MatMul = kernel({
  operands: {
    a: transposedBy("transposeA", input("M", "K")),
    b: transposedBy("transposeB", input("K", "N")),
    bias: optional(input("N")),
    residual: optional(input("M", "N")),
    /** Written by gelu, read by geluGrad. */
    pre: optional(update("M", "N")),
    c: accumulated("M", "N"),
  },
  attributes: {
    transposeA: "boolean",
    transposeB: "boolean",
    activation: ["none", "gelu", "geluGrad"],
    accumulate: "boolean",
    alpha: "number",
    beta: "number",
  },
  flops: ({ M, N, K }) => 2 * M * N * K,
});
