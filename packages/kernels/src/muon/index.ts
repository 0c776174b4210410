// Adds Muon's move of one matrix to a plan: its momentum, Newton and Schulz's steps, and the move.

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
  plan.add("Muon", { update, control, settings, parameter }, { row, column, scale, decays });
}
