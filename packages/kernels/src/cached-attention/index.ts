// Adds attention to what was read before to a plan.

import type { Operand, Plan } from "../plan/plan.ts";

/** Rows of new tokens, and where they stand in what is kept of those before. */
export interface CacheRows {
  readonly places: Operand; // [N] int32
  readonly cache: Operand; // [T, 2 G D]
}

export function cachedAttention(
  plan: Plan,
  qkv: Operand,
  { places, cache }: CacheRows,
  { heads, kvHeads }: { readonly heads: number; readonly kvHeads: number },
): Operand {
  const [rows = 0, columns = 0] = qkv.shape;
  const y = plan.temporary([rows, (columns * heads) / (heads + 2 * kvHeads)]);
  plan.add("CachedAttention", { qkv, places, cache, y }, { heads, kvHeads });
  return y;
}
