import * as tf from "@tensorflow/tfjs";

export interface AttentionShape {
  readonly batch: number;
  readonly heads: number;
  readonly kvHeads: number;
}

/** Query heads that share a key-value head are stacked as rows: [B*G, (H/G)*T, D] against [B*G, T, D]. */
function parts(q: tf.Tensor2D, k: tf.Tensor2D, v: tf.Tensor2D, { batch, heads, kvHeads }: AttentionShape) {
  const context = q.shape[0] / batch;
  const size = q.shape[1] / heads;
  const group = heads / kvHeads;
  const stack = (x: tf.Tensor, perKey: number) =>
    tf.reshape(tf.transpose(tf.reshape(x, [batch, context, kvHeads, perKey, size]), [0, 2, 3, 1, 4]), [
      batch * kvHeads,
      perKey * context,
      size,
    ]) as tf.Tensor3D;
  const unstack = (x: tf.Tensor, perKey: number) =>
    tf.reshape(tf.transpose(tf.reshape(x, [batch, kvHeads, perKey, context, size]), [0, 3, 1, 2, 4]), [
      batch * context,
      kvHeads * perKey * size,
    ]) as tf.Tensor2D;
  const queries = stack(q, group);
  const keys = stack(k, 1);
  const values = stack(v, 1);
  const scores = tf.mul(tf.matMul(queries, swapped(keys)), 1 / Math.sqrt(size));
  const hidden = tf.tile(future(context), [group, 1]);
  const probabilities = tf.softmax(tf.add(scores, hidden)) as tf.Tensor3D;
  return { queries, keys, values, probabilities, stack, unstack, group, scale: 1 / Math.sqrt(size) };
}

const swapped = (x: tf.Tensor3D) => tf.transpose(x, [0, 2, 1]);

/** [T, T]: a large negative number where the key comes after the query. */
function future(context: number): tf.Tensor2D {
  const mask = new Float32Array(context * context);
  for (let i = 0; i < context; i++) mask.fill(-1e30, i * context + i + 1, (i + 1) * context);
  return tf.tensor2d(mask, [context, context]);
}

export function attentionReference(
  q: tf.Tensor2D,
  k: tf.Tensor2D,
  v: tf.Tensor2D,
  shape: AttentionShape,
): tf.Tensor2D {
  return tf.tidy(() => {
    const { probabilities, values, unstack, group } = parts(q, k, v, shape);
    return unstack(tf.matMul(probabilities, values), group);
  });
}

export function attentionGradReference(
  q: tf.Tensor2D,
  k: tf.Tensor2D,
  v: tf.Tensor2D,
  dy: tf.Tensor2D,
  shape: AttentionShape,
): tf.Tensor[] {
  return tf.tidy(() => {
    const { queries, keys, values, probabilities, stack, unstack, group, scale } = parts(q, k, v, shape);
    const dout = stack(dy, group);
    const dprobabilities = tf.matMul(dout, swapped(values));
    const dvalues = tf.matMul(swapped(probabilities), dout);
    const inner = tf.sum(tf.mul(dprobabilities, probabilities), 2, true);
    const dscores = tf.mul(tf.mul(probabilities, tf.sub(dprobabilities, inner)), scale) as tf.Tensor3D;
    return [
      unstack(tf.matMul(dscores, keys), group),
      unstack(tf.matMul(swapped(dscores), queries), 1),
      unstack(dvalues, 1),
    ];
  });
}
