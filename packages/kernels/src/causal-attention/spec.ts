// Causal self-attention with grouped key-value heads, without the T x T matrix in memory (FlashAttention: Dao et al.
// 2022; Rabe and Staats 2021).
//
// N = B T rows, D the size of a head. qkv [N, W = (H + 2G) D]: H query heads, G key heads, G value heads side by side, as
// one matrix product leaves them; query head h uses key-value head h / (H / G). y [N, U = H D] = softmax(q kT / sqrt(D),
// keys up to the query) v. lse [R = B H, T] keeps the logarithm of each row's sum of exponentials, from which the
// backward pass makes the probabilities again. delta is dy · y of each row.
//
// The mask leaves half of T x T; a product over it is T² D. There are two forward, five backward.

import { input, kernel, output, scratch } from "../plan/spec.ts";

const attributes = { batch: "number", heads: "number", kvHeads: "number" } as const;

export const CausalAttention = kernel({
  operands: { qkv: input("N", "W"), y: output("N", "U"), lse: output("R", "T") },
  attributes,
  flops: (sizes, shape) => 2 * productFlops(sizes, shape),
});

export const CausalAttentionGrad = kernel({
  operands: {
    qkv: input("N", "W"),
    y: input("N", "U"),
    lse: input("R", "T"),
    dy: input("N", "U"),
    delta: scratch("R", "T"),
    dqkv: output("N", "W"),
  },
  attributes,
  flops: (sizes, shape) => 5 * productFlops(sizes, shape),
});

type Sizes = Readonly<Record<"W" | "R" | "T", number>>;
type Shape = Readonly<Record<"heads" | "kvHeads", number>>;

const productFlops = (sizes: Sizes, shape: Shape) => sizes.R * sizes.T ** 2 * headSizeOf(sizes, shape);

/** D. */
export const headSizeOf = ({ W }: Pick<Sizes, "W">, { heads, kvHeads }: Shape) => W / (heads + 2 * kvHeads);
