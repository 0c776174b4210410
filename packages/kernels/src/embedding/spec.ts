// Rows of a table [V, C] by index, and the sum of gradients back into the rows.
//
// ids are in [0, V); where positions are learned, row n % T of positions is added. Backwards, each row of the table sums
// the rows of dy that came from it, along a chain that `chains` makes: a sum always in the order of N, so it is the same
// every time (atomics would add floats in any order).

import { accumulated, input, integers, kernel, optional, output, partly } from "../plan/spec.ts";

export const Embedding = kernel({
  operands: {
    ids: integers("N"),
    table: partly(input("V", "C"), "N", "C"),
    positions: optional(input("T", "C")),
    y: output("N", "C"),
  },
  attributes: {},
  flops: ({ N, C, T }) => (T === undefined ? 0 : N * C),
});

export const EmbeddingGrad = kernel({
  operands: {
    heads: integers("V"),
    links: integers("N"),
    dy: input("N", "C"),
    dtable: accumulated("V", "C"),
  },
  attributes: { accumulate: "boolean" },
  flops: ({ N, C }) => N * C,
});
