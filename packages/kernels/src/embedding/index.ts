// Adds a look-up in a table, and its gradient, to a plan; makes the chains that the gradient goes along.

import type { Operand, Plan } from "../plan/plan.ts";

export function embedding(plan: Plan, ids: Operand, table: Operand, positions?: Operand): Operand {
  const [[count = 0], [, columns = 0]] = [ids.shape, table.shape];
  const y = plan.temporary([count, columns]);
  plan.add("Embedding", { ids, table, positions, y }, {});
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
  plan.add("EmbeddingGrad", { heads, links, dy, dtable }, { accumulate });
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
