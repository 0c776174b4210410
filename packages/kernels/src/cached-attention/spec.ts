// Attention of new rows to what was read before them: keys and values are kept (a KV cache), so a row costs a product
// with each of those before it, and nothing is computed again.
//
// N new rows, D the size of a head. qkv [N, W = (H + 2G) D] as in causal-attention. Row n stands at places[n] in [0, T):
// its key and value go into that row of cache [T, K = 2 G D], keys first; y [N, U = H D] sees the cache up to and with
// places[n]. Rows may come in any order; those with the same place are the same row.
//
// How much is in the cache is known only when it runs: what is counted is a full one, two products of N T H D.

import { input, integers, kernel, output, update } from "../plan/spec.ts";

export const CachedAttention = kernel({
  operands: { qkv: input("N", "W"), places: integers("N"), cache: update("T", "K"), y: output("N", "U") },
  attributes: { heads: "number", kvHeads: "number" },
  flops: ({ N, T, U }) => 4 * N * T * U,
});
