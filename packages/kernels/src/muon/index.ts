// Muon for one matrix (Jordan et al. 2024), scaled as AdamW is (Liu et al. 2025, "Muon is scalable for LLM training",
// arXiv 2502.16982, section 2.2), in place.
//
// m <- mu m + g; u = g + mu m (Nesterov's momentum), where g is the gradient times the clip (control's third number; where
// that is 0 nothing moves); o = the nearest half-orthogonal matrix of u (newton-schulz);
// p <- p - lr (0.2 sqrt(max(rows, columns)) o + decay p). A half-orthogonal matrix has a root mean square of
// 1 / sqrt(max(rows, columns)), and AdamW's moves one of 0.2 to 0.4: so a learning rate and a decay that suit AdamW suit.
//
// The matrix is a block of what stands in memory together, from `row` and `column` on: a kernel binds memory from multiples
// of 128 numbers on, and a block may begin anywhere.
//
// Kernel Momentum: operands gradient, moment [R, C], control, y [rows, columns], which gets u; attributes momentum, row,
// column. Kernel Muon: operands update [rows, columns], control, settings, parameter [R, C]; attributes row, column,
// scale, decays (0 or 1). Cost: 6 reads and writes of the size, and newton-schulz.

import { newtonSchulz } from "../newton-schulz/index.ts";
import type { Operand, Plan } from "../plan/plan.ts";

export interface MuonOperands {
  /** [R, C], as the next two. */
  readonly parameter: Operand;
  readonly gradient: Operand;
  readonly moment: Operand;
  readonly control: Operand;
  readonly settings: Operand;
}

export interface Block {
  readonly row: number;
  readonly column: number;
  readonly rows: number;
  readonly columns: number;
}

/** Of the root mean square of AdamW's moves. */
const adamwLike = 0.2;

/** Throws where the block is not within the operands. `decays`: as adamw. */
export function muon(
  plan: Plan,
  { parameter, gradient, moment, control, settings }: MuonOperands,
  { row, column, rows, columns }: Block,
  momentum: number,
  decays: boolean,
): void {
  const [R = 0, C = 0] = parameter.shape;
  if (row + rows > R || column + columns > C)
    throw new Error(
      `muon: expected a block within [${R}, ${C}], got [${rows}, ${columns}] from (${row}, ${column}) on`,
    );
  const y = plan.temporary([rows, columns]);
  plan.add("Momentum", { gradient, moment, control, y }, { momentum, row, column });
  const update = newtonSchulz(plan, y);
  const scale = adamwLike * Math.sqrt(Math.max(rows, columns));
  plan.add("Muon", { update, control, settings, parameter }, { row, column, scale, decays: Number(decays) });
}
