// Adds a copy of a tensor, of another type, to a plan.

import { flat, type Operand, type Plan } from "../plan/plan.ts";

export function cast(plan: Plan, x: Operand, y: Operand): void {
  plan.add("Cast", { x: flat(x), y: flat(y) }, {});
}
