// Adds the sums of a matrix's columns to a plan.

import type { Operand, Plan } from "../plan/plan.ts";

export function columnSums(plan: Plan, x: Operand, into: Operand, accumulate: boolean): void {
  plan.add("ColumnSums", { x, y: into }, { accumulate });
}
