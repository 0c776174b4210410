// Adds one tensor to another of as many numbers: gradients that were made elsewhere.

import { flat, type Operand, type Plan } from "../plan/plan.ts";

export function add(plan: Plan, x: Operand, y: Operand): void {
  plan.add("Add", { x: flat(x), y: flat(y) }, {});
}
