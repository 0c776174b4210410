import * as tf from "@tensorflow/tfjs";
import type { Reference } from "../plan/reference.ts";

export const Embedding: Reference<"Embedding"> = ({ ids, table, positions }, _, { N, T = 1 }) => {
  const y = tf.gather(table, ids as tf.Tensor1D);
  return { y: positions === undefined ? y : tf.add(y, tf.tile(positions, [N / T, 1])) };
};

/** A one-hot matrix for each link of the chains: dtable = sum over steps of (who is at n)ᵀ dy. */
export const EmbeddingGrad: Reference<"EmbeddingGrad"> = (operands, { accumulate }, { N: count, C }) => {
  const { heads, links, dy, dtable } = operands;
  // Position -1, the end of a chain, is row `count` of the tables below.
  const next = tf.concat([links, tf.tensor1d([-1], "int32")]) as tf.Tensor1D;
  const rows = tf.concat([dy, tf.zeros([1, C])]);
  const end = (at: tf.Tensor): tf.Tensor1D =>
    tf.where(tf.less(at, 0), tf.fill([at.size], count, "int32"), at as tf.Tensor1D);
  let at = end(heads);
  let sum = accumulate ? dtable : tf.zerosLike(dtable);
  for (let step = 0; step < count; step++) {
    sum = tf.add(sum, tf.gather(rows, at));
    at = end(tf.gather(next, at));
  }
  return { dtable: sum };
};
