// The loss of a step, the norm of all its gradients, and by how much they are clipped, without leaving the device.
//
// control [4]: the sum of losses; the norm; min(1, clip / norm), or 0 where either is not finite, so that nothing
// moves; unused. Sums go by parts of 2,048 numbers, then over the parts.
//
// Kernel GradientNorm: operands gradients [P], losses [N], parts [ceil(P / 2048)], control; attribute clip. Cost: 2 P.

import type { Operand, Plan } from "../plan/plan.ts";
import { sizeOf } from "../plan/plan.ts";

export const partSize = 2048;

export function gradientNorm(
  plan: Plan,
  gradients: Operand,
  losses: Operand,
  control: Operand,
  clip: number,
): void {
  const parts = plan.temporary([Math.ceil(sizeOf(gradients.shape) / partSize)]);
  plan.add("GradientNorm", { gradients, losses, parts, control }, { clip });
}
