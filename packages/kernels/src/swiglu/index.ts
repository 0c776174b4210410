// SwiGLU (Shazeer 2020): y = silu(gate) * up, element by element, silu(g) = g / (1 + exp(-g)).
//
// x [N, 2F]: gate and up side by side, as one matrix product leaves them; y [N, F].
//
// Kernel SwiGlu: operands x, y. Kernel SwiGluGrad: operands x, dy, dx. Cost: about 10 N F.

import { type Operand, type Plan, requireShape } from "../plan/plan.ts";

export function swiglu(plan: Plan, x: Operand, type: "f32" | "f16" = "f32"): Operand {
  const [rows = 0, columns = 0] = x.shape;
  const y = plan.temporary([rows, columns / 2], type);
  plan.add("SwiGlu", { x, y });
  return y;
}

export function swigluGrad(plan: Plan, x: Operand, dy: Operand): Operand {
  requireShape("swigluGrad: dy", dy, [x.shape[0]!, x.shape[1]! / 2]);
  const dx = plan.temporary(x.shape);
  plan.add("SwiGluGrad", { x, dy, dx });
  return dx;
}
