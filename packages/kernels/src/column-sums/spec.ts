// The sums of a matrix's columns: the gradient of a bias; over batches, of learned positions.

import { accumulated, input, kernel } from "../plan/spec.ts";

export const ColumnSums = kernel({
  operands: { x: input("N", "C"), y: accumulated("C") },
  attributes: { accumulate: "boolean" },
  flops: ({ N, C }) => N * C,
});
