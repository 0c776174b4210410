// Adds attention, and its gradient, to a plan.

import type { Operand, Plan } from "../plan/plan.ts";

export interface AttentionShape {
  readonly batch: number;
  readonly heads: number;
  readonly kvHeads: number;
}

export interface Attended {
  readonly y: Operand;
  readonly lse: Operand;
}

export function causalAttention(
  plan: Plan,
  qkv: Operand,
  { batch, heads, kvHeads }: AttentionShape,
  type: "f32" | "f16" = "f32",
): Attended {
  const [rows = 0, columns = 0] = qkv.shape;
  const y = plan.temporary([rows, (columns * heads) / (heads + 2 * kvHeads)], type);
  const lse = plan.temporary([batch * heads, rows / batch]);
  plan.add("CausalAttention", { qkv, y, lse }, { batch, heads, kvHeads });
  return { y, lse };
}

export function causalAttentionGrad(
  plan: Plan,
  qkv: Operand,
  { y, lse }: Attended,
  dy: Operand,
  { batch, heads, kvHeads }: AttentionShape,
): Operand {
  const dqkv = plan.temporary(qkv.shape);
  const delta = plan.temporary(lse.shape);
  plan.add("CausalAttentionGrad", { qkv, y, lse, dy, delta, dqkv }, { batch, heads, kvHeads });
  return dqkv;
}
