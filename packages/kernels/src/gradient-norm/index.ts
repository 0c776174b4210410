// The loss of a step, the norm of all its gradients, and by how much they are clipped, without leaving the device.
//
// control [4]: the sum of losses; the norm; min(1, clip / norm), or 0 where either is not finite, so that nothing
// moves; the norm's square. Sums go by parts of 2,048 numbers, then over the parts. Gradients that do not lie side by
// side take a command each, which goes on from the square that the one before it left.
//
// Kernel GradientNorm: operands gradients [P], losses [N], parts [ceil(P / 2048)], control; attributes clip, goesOn
// (0 or 1). Cost: 2 P.

import type { Operand, Plan } from "../plan/plan.ts";
import { sizeOf } from "../plan/plan.ts";

export const partSize = 2048;

export function gradientNorm(
  plan: Plan,
  gradients: readonly Operand[],
  losses: Operand,
  control: Operand,
  clip: number,
): void {
  for (const [i, some] of gradients.entries()) {
    const parts = plan.temporary([Math.ceil(sizeOf(some.shape) / partSize)]);
    plan.add("GradientNorm", { gradients: some, losses, parts, control }, { clip, goesOn: Number(i > 0) });
  }
}
