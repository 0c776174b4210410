// SwiGLU (Shazeer 2020): y = silu(gate) * up, element by element, silu(g) = g / (1 + exp(-g)).
//
// x has gate and up side by side, as one matrix product leaves them.

import { input, kernel, output } from "../plan/spec.ts";

export const SwiGlu = kernel({
  operands: { x: input("N", [2, "F"]), y: output("N", "F") },
  attributes: {},
  flops: ({ N, F }) => 6 * N * F,
});

export const SwiGluGrad = kernel({
  operands: { x: input("N", [2, "F"]), dy: input("N", "F"), dx: output("N", [2, "F"]) },
  attributes: {},
  flops: ({ N, F }) => 13 * N * F,
});
