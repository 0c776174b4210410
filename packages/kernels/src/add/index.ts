// Numbers added to others, in place: gradients that were made elsewhere.
//
// Kernel Add: operands x, y of one size; y <- y + x.

import type { Operand, Plan } from "../plan/plan.ts";

export function add(plan: Plan, x: Operand, y: Operand): void {
  plan.add("Add", { x, y });
}
