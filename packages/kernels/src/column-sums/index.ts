// The sums of a matrix's columns: the gradient of a bias; over batches, of learned positions.
//
// Kernel ColumnSums: operands x [N, C], y [C]; attribute accumulate. Cost: N C.

import { type Operand, type Plan, requireShape } from "../plan/plan.ts";

export function columnSums(plan: Plan, x: Operand, into: Operand, accumulate: boolean): void {
  requireShape("columnSums", into, [x.shape[1]!]);
  plan.add("ColumnSums", { x, y: into }, { accumulate: Number(accumulate) });
}
