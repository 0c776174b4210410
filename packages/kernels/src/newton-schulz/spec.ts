// A matrix over its Frobenius norm, plus epsilon: where Newton and Schulz's steps begin. Sums go by S parts of 2,048.

import { input, kernel, output, scratch } from "../plan/spec.ts";

export const Normalize = kernel({
  operands: { x: input("M", "N"), parts: scratch("S"), norm: scratch(1), y: output("M", "N") },
  attributes: { epsilon: "number" },
  flops: ({ M, N }) => 3 * M * N,
});
