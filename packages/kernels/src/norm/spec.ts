// LayerNorm (Ba et al. 2016) and RMSNorm (Zhang and Sennrich 2019) over the last axis.
//
// y = (x - mean) / sqrt(var + epsilon) * weight + bias, var over C, not C - 1; RMSNorm, where there is no bias:
// y = x / sqrt(mean(x²) + epsilon) * weight. stats: each row's mean (0 in RMSNorm) and 1 / deviation. `skip` is the
// gradient that goes around the norm, and is added to dx; `centred` says LayerNorm. Arithmetic is LayerNorm's.

import { accumulated, input, kernel, optional, output } from "../plan/spec.ts";

export const Norm = kernel({
  operands: {
    x: input("N", "C"),
    weight: input("C"),
    bias: optional(input("C")),
    y: output("N", "C"),
    stats: output("N", 2),
  },
  attributes: { epsilon: "number" },
  flops: ({ N, C }) => 8 * N * C,
});

export const NormGrad = kernel({
  operands: {
    x: input("N", "C"),
    weight: input("C"),
    stats: input("N", 2),
    dy: input("N", "C"),
    skip: optional(input("N", "C")),
    dx: output("N", "C"),
  },
  attributes: { centred: "boolean" },
  flops: ({ N, C }) => 12 * N * C,
});

export const NormWeightGrad = kernel({
  operands: {
    x: input("N", "C"),
    stats: input("N", 2),
    dy: input("N", "C"),
    dweight: accumulated("C"),
    dbias: optional(accumulated("C")),
  },
  attributes: { accumulate: "boolean" },
  flops: ({ N, C }) => 5 * N * C,
});
