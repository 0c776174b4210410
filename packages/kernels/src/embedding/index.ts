// Rows of a table by index, and the sum of gradients back into the rows.
//
// ids [N] int32 in [0, V), table [V, C], y [N, C]; where positions are learned, row n % T of positions [T, C] is added.
// Backwards, each row of the table sums the rows of dy that came from it, along a chain that `chains` makes: a sum
// always in the order of N, so it is the same every time (atomics would add floats in any order).
//
// Kernel Embedding: operands ids, table, positions?, y.
// Kernel EmbeddingGrad: operands heads [V], links [N], dy, dtable; attribute accumulate. Cost: N C, and V C writes.

import { type Operand, type Plan, requireShape } from "../plan/plan.ts";

export function embedding(plan: Plan, ids: Operand, table: Operand, positions?: Operand): Operand {
  const [count = 0] = ids.shape;
  const y = plan.temporary([count, table.shape[1]!]);
  plan.add("Embedding", { ids, table, positions, y });
  return y;
}

export interface Chains {
  readonly heads: Operand;
  readonly links: Operand;
}

export function embeddingGrad(
  plan: Plan,
  { heads, links }: Chains,
  dy: Operand,
  dtable: Operand,
  accumulate: boolean,
): void {
  requireShape("embeddingGrad: heads", heads, [dtable.shape[0]!]);
  requireShape("embeddingGrad: links", links, [dy.shape[0]!]);
  plan.add("EmbeddingGrad", { heads, links, dy, dtable }, { accumulate: Number(accumulate) });
}

/** For each row of the table the first position of its id, for each position the next one of the same; -1: none. */
export function chains(ids: ArrayLike<number>, rows: number): { heads: Int32Array; links: Int32Array } {
  const heads = new Int32Array(rows).fill(-1);
  const links = new Int32Array(ids.length);
  for (let n = ids.length - 1; n >= 0; n--) {
    const id = ids[n]!;
    links[n] = heads[id]!;
    heads[id] = n;
  }
  return { heads, links };
}
