import * as tf from "@tensorflow/tfjs";
import type { Attributes, Sizes } from "../plan/plan.ts";
import type { Reference } from "../plan/reference.ts";
import { headSizeOf } from "./spec.ts";

function attend(qkv: tf.Tensor, attributes: Attributes<"CausalAttention">, sizes: Sizes<"CausalAttention">) {
  const { batch, heads, kvHeads } = attributes;
  const [context, headSize] = [sizes.T, headSizeOf(sizes, attributes)];
  const widths = [heads, kvHeads, kvHeads].map((count) => count * headSize);
  // [B, heads, T, D], each key-value head as often as query heads share it.
  const [q, k, v] = tf.split(qkv, widths, 1).map((part, i) => {
    const count = i === 0 ? heads : kvHeads;
    const apart = tf.transpose(tf.reshape(part, [batch, context, count, headSize]), [0, 2, 1, 3]);
    const shared = Int32Array.from({ length: heads }, (_, head) => Math.floor((head * count) / heads));
    return tf.gather(apart, tf.tensor1d(shared, "int32"), 1);
  }) as [tf.Tensor4D, tf.Tensor4D, tf.Tensor4D];
  const scores = tf.mul(tf.matMul(q, k, false, true), 1 / Math.sqrt(headSize));
  const hidden = tf.add(scores, future(context));
  const attended = tf.matMul(tf.softmax(hidden), v);
  return {
    y: tf.reshape(tf.transpose(attended, [0, 2, 1, 3]), [batch * context, heads * headSize]),
    lse: tf.reshape(tf.logSumExp(hidden, 3), [batch * heads, context]),
  };
}

/** [T, T]: a large negative number where the key comes after the query. */
function future(context: number): tf.Tensor2D {
  const mask = new Float32Array(context * context);
  for (let i = 0; i < context; i++) mask.fill(-1e30, i * context + i + 1, (i + 1) * context);
  return tf.tensor2d(mask, [context, context]);
}

export const CausalAttention: Reference<"CausalAttention"> = ({ qkv }, attributes, sizes) =>
  attend(qkv, attributes, sizes);

/** tfjs's own gradient of the above. */
export const CausalAttentionGrad: Reference<"CausalAttentionGrad"> = ({ qkv, dy }, attributes, sizes) => {
  const weighed = (x: tf.Tensor) => tf.sum(tf.mul(attend(x, attributes, sizes).y, dy)) as tf.Scalar;
  return { dqkv: tf.grad(weighed)(qkv) };
};
