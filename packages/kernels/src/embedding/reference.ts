import * as tf from "@tensorflow/tfjs";
import type { Reference } from "../plan/reference.ts";

export const embeddingReference: Reference = ({ ids, table, positions }) => {
  const y = tf.gather(table!, ids as tf.Tensor1D);
  if (positions === undefined) return { y };
  const [context = 1] = positions.shape;
  return { y: tf.add(y, tf.tile(positions, [ids!.size / context, 1])) };
};

/** A one-hot matrix for each link of the chains: dtable = sum over steps of (who is at n)ᵀ dy. */
export const embeddingGradReference: Reference = ({ heads, links, dy, dtable }, { accumulate }) => {
  const count = dy!.shape[0]!;
  // Position -1, the end of a chain, is row `count` of the tables below.
  const next = tf.concat([links!, tf.tensor1d([-1], "int32")]) as tf.Tensor1D;
  const rows = tf.concat([dy!, tf.zeros([1, dy!.shape[1]!])]);
  const end = (at: tf.Tensor): tf.Tensor1D =>
    tf.where(tf.less(at, 0), tf.fill([at.size], count, "int32"), at as tf.Tensor1D);
  let at = end(heads!);
  let sum = accumulate === 1 ? dtable! : tf.zerosLike(dtable!);
  for (let step = 0; step < count; step++) {
    sum = tf.add(sum, tf.gather(rows, at));
    at = end(tf.gather(next, at));
  }
  return { dtable: sum };
};
