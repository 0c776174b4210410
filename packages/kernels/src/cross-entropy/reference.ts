import * as tf from "@tensorflow/tfjs";

export function crossEntropyReference(
  logits: tf.Tensor2D,
  targets: tf.Tensor1D,
  count: number,
  gradient: boolean,
): tf.Tensor[] {
  return tf.tidy(() => {
    const vocabulary = logits.shape[1];
    const counts = tf.mul(tf.cast(tf.greaterEqual(targets, 0), "float32"), 1 / count);
    const oneHot = tf.cast(tf.oneHot(tf.maximum(targets, tf.scalar(0, "int32")), vocabulary), "float32");
    const shifted = tf.sub(logits, tf.max(logits, 1, true));
    const exponentials = tf.exp(shifted);
    const sums = tf.sum(exponentials, 1, true);
    const picked = tf.sum(tf.mul(shifted, oneHot), 1);
    const losses = tf.mul(tf.sub(tf.log(tf.reshape(sums, [-1])), picked), counts);
    if (!gradient) return [losses];
    const dlogits = tf.mul(tf.sub(tf.div(exponentials, sums), oneHot), tf.reshape(counts, [-1, 1]));
    return [losses, dlogits];
  });
}
