// Adds SwiGLU, and its gradient, to a plan.

import type { Operand, Plan } from "../plan/plan.ts";

export function swiglu(plan: Plan, x: Operand, type: "f32" | "f16" = "f32"): Operand {
  const [rows = 0, columns = 0] = x.shape;
  const y = plan.temporary([rows, columns / 2], type);
  plan.add("SwiGlu", { x, y }, {});
  return y;
}

export function swigluGrad(plan: Plan, x: Operand, dy: Operand): Operand {
  const dx = plan.temporary(x.shape);
  plan.add("SwiGluGrad", { x, dy, dx }, {});
  return dx;
}
