// Float32 to float16 and back: half-precision copies of the weights for matrix products.
//
// Kernel Cast: operands x, y of one size. Rounds to nearest.

import type { Operand, Plan } from "../plan/plan.ts";

export function cast(plan: Plan, x: Operand, y: Operand): void {
  plan.add("Cast", { x, y });
}
