// Causal attention with grouped heads: softmax(q kᵀ / sqrt(D), each position seeing itself and what came before) v.
//
// q [B*T, H*D], k and v [B*T, G*D] with G key-value heads (G divides H; query head h uses key-value head
// floor(h / (H / G))), output [B*T, H*D]. Heads lie side by side in a row, so nothing is transposed in memory.
//
// Kernel HomebodyCausalAttention: inputs q, k, v; attributes batch, heads, kvHeads; outputs y, and lse [B*H, T], the
// logarithm of each row's sum of exponentials, from which the backward pass makes the probabilities again.
// Kernel HomebodyCausalAttentionGrad: inputs q, k, v, y, lse, dy; the same attributes; outputs dq, dk, dv.

import type * as tf from "@tensorflow/tfjs";
import { differentiable } from "../differentiable.ts";
import { runOwn } from "../dispatch.ts";
import { type AttentionShape, attentionGradReference, attentionReference } from "./reference.ts";

export function causalAttention(
  q: tf.Tensor2D,
  k: tf.Tensor2D,
  v: tf.Tensor2D,
  shape: AttentionShape,
): tf.Tensor2D {
  const { batch, heads, kvHeads } = shape;
  const attributes = { batch, heads, kvHeads };
  return differentiable([q, k, v], (save) => {
    const own = runOwn("HomebodyCausalAttention", { q, k, v }, attributes);
    if (own === undefined) {
      save([q, k, v]);
      return {
        value: attentionReference(q, k, v, shape),
        gradients: (dy, saved) => {
          const [q, k, v] = saved as [tf.Tensor2D, tf.Tensor2D, tf.Tensor2D];
          return attentionGradReference(q, k, v, dy as tf.Tensor2D, shape);
        },
      };
    }
    const [y, lse] = own as [tf.Tensor2D, tf.Tensor2D];
    save([q, k, v, y, lse]);
    return {
      value: y,
      gradients: (dy, saved) => {
        const [q, k, v, y, lse] = saved as [tf.Tensor, tf.Tensor, tf.Tensor, tf.Tensor, tf.Tensor];
        return runOwn("HomebodyCausalAttentionGrad", { q, k, v, y, lse, dy }, attributes)!;
      },
    };
  });
}

export type { AttentionShape } from "./reference.ts";
