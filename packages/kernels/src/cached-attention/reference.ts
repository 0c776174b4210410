import * as tf from "@tensorflow/tfjs";
import type { Reference } from "../plan/reference.ts";

export const CachedAttention: Reference<"CachedAttention"> = (
  { qkv, places, cache },
  { heads, kvHeads },
  { N: rows, T: length, U: width, K: kept },
) => {
  const headSize = width / heads;
  const [q, own] = tf.split(qkv, [width, kept], 1) as [tf.Tensor2D, tf.Tensor2D];
  // [N, T]: which row goes where; of several for a place, which are alike, their mean.
  const goes = tf.cast(tf.oneHot(places as tf.Tensor1D, length), "float32") as tf.Tensor2D;
  const count = tf.reshape(tf.sum(goes, 0), [length, 1]);
  const stays = tf.cast(tf.equal(count, 0), "float32");
  const come = tf.div(tf.matMul(goes, own, true, false), tf.maximum(count, 1));
  const after = tf.add(tf.mul(cache, stays), come);
  const [k, v] = tf.split(after, 2, 1).map((part) => {
    const apart = tf.transpose(tf.reshape(part, [length, kvHeads, headSize]), [1, 0, 2]);
    const shared = Int32Array.from({ length: heads }, (_, head) => Math.floor((head * kvHeads) / heads));
    return tf.gather(apart, tf.tensor1d(shared, "int32"), 0);
  }) as [tf.Tensor3D, tf.Tensor3D];
  const queries = tf.transpose(tf.reshape(q, [rows, heads, headSize]), [1, 0, 2]);
  const scores = tf.mul(tf.matMul(queries, k, false, true), 1 / Math.sqrt(headSize));
  const isLater = tf.greater(tf.range(0, length, 1, "int32"), tf.reshape(places, [1, rows, 1]));
  const seen = tf.sub(scores, tf.mul(tf.cast(isLater, "float32"), 1e30));
  const attended = tf.matMul(tf.softmax(seen), v);
  return { cache: after, y: tf.reshape(tf.transpose(attended, [1, 0, 2]), [rows, width]) };
};
