// Adds RoPE to a plan, and makes its tables.

import type { Operand, Plan } from "../plan/plan.ts";

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
  plan.add("Rope", { cos, sin, x }, { heads, sign });
}
