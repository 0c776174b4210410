import * as tf from "@tensorflow/tfjs";

export function embeddingReference(ids: tf.Tensor1D, table: tf.Tensor2D): tf.Tensor2D {
  return tf.tidy(() => tf.gather(table, ids));
}

/** By scatterND: tfjs's wasm backend lacks UnsortedSegmentSum, which gather's own gradient wants. */
export function embeddingGradReference(ids: tf.Tensor1D, dy: tf.Tensor2D, rows: number): tf.Tensor2D {
  return tf.tidy(() => tf.scatterND(tf.reshape(ids, [-1, 1]), dy, [rows, dy.shape[1]]) as tf.Tensor2D);
}
