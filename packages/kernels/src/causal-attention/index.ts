// Causal self-attention with grouped key-value heads, without the T x T matrix in memory (FlashAttention: Dao et al.
// 2022; Rabe and Staats 2021).
//
// qkv [B*T, (H + 2G) * D]: H query heads, G key heads, G value heads side by side, as one matrix product leaves them;
// query head h uses key-value head h / (H / G). y [B*T, H*D] = softmax(q kT / sqrt(D), keys up to the query) v.
// lse [B*H, T] keeps the logarithm of each row's sum of exponentials, from which the backward pass makes the
// probabilities again.
//
// Kernel CausalAttention: operands qkv, y, lse. Kernel CausalAttentionGrad: operands qkv, y, lse, dy, delta [B*H, T]
// (scratch: dy · y of each row), dqkv. Attributes batch, heads, kvHeads. Cost: 2 B H T² D forward, 5 B H T² D backward.

import { type Operand, type Plan, requireShape } from "../plan/plan.ts";

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
  shape: AttentionShape,
  type: "f32" | "f16" = "f32",
): Attended {
  const { batch, heads, kvHeads } = shape;
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
  shape: AttentionShape,
): Operand {
  requireShape("causalAttentionGrad: dy", dy, y.shape);
  const { batch, heads, kvHeads } = shape;
  const dqkv = plan.temporary(qkv.shape);
  const delta = plan.temporary(lse.shape);
  plan.add("CausalAttentionGrad", { qkv, y, lse, dy, delta, dqkv }, { batch, heads, kvHeads });
  return dqkv;
}

/** What a backend needs to know of the sizes. */
export function attentionSizes(
  qkv: Pick<Operand, "shape">,
  attributes: Readonly<Record<string, number>>,
): AttentionShape & { readonly context: number; readonly headSize: number } {
  const { batch = 1, heads = 1, kvHeads = 1 } = attributes;
  const [rows = 0, columns = 0] = qkv.shape;
  return { batch, heads, kvHeads, context: rows / batch, headSize: columns / (heads + 2 * kvHeads) };
}
