// Adds the norm of gradients to a plan: of those that do not lie side by side a command each, which goes on from the one
// before it.

import { type Operand, type Plan, sizeOf } from "../plan/plan.ts";
import { partSize } from "./spec.ts";

export function gradientNorm(
  plan: Plan,
  gradients: readonly Operand[],
  losses: Operand,
  control: Operand,
  clip: number,
): void {
  for (const [i, some] of gradients.entries()) {
    const parts = plan.temporary([Math.ceil(sizeOf(some.shape) / partSize)]);
    plan.add("GradientNorm", { gradients: some, losses, parts, control }, { clip, goesOn: i > 0 });
  }
}
