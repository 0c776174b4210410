// Rotary position embedding (Su et al. 2021), rotate-half as in Hugging Face's Llama, in place.
//
// x [B*T, W]: row b*T + t is turned by the angles of position t; of each of the first `heads` heads of D, elements i <
// D/2 and i + D/2 are a pair, turned by t * theta^(-2i/D). What is to the right of these heads stays. The gradient is
// the turn back.
//
// Kernel Rope: operands cos, sin [T, D/2], x; attributes heads, sign (1 forward, -1 back). Cost: 3 B T heads D.

import { type Operand, type Plan, requireShape } from "../plan/plan.ts";

export interface RopeTables {
  readonly cos: Operand;
  readonly sin: Operand;
}

/** Values of the tables, [T, D/2] each. */
export function ropeTables(context: number, headSize: number, theta: number) {
  const half = headSize / 2;
  const cos = new Float32Array(context * half);
  const sin = new Float32Array(context * half);
  for (let t = 0; t < context; t++)
    for (let i = 0; i < half; i++) {
      const angle = t * theta ** ((-2 * i) / headSize);
      cos[t * half + i] = Math.cos(angle);
      sin[t * half + i] = Math.sin(angle);
    }
  return { cos, sin };
}

export function rope(plan: Plan, x: Operand, { cos, sin }: RopeTables, heads: number, sign: 1 | -1): void {
  requireShape("rope: sin", sin, cos.shape);
  plan.add("Rope", { cos, sin, x }, { heads, sign });
}
