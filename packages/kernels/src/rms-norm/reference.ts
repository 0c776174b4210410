import * as tf from "@tensorflow/tfjs";

const inverseRms = (x: tf.Tensor2D, epsilon: number) =>
  tf.rsqrt(tf.add(tf.mean(tf.mul(x, x), 1, true), epsilon));

export function rmsNormReference(x: tf.Tensor2D, weight: tf.Tensor1D, epsilon: number): tf.Tensor2D {
  return tf.tidy(() => tf.mul(tf.mul(x, inverseRms(x, epsilon)), weight));
}

/** dx = (g - unit * mean(g * unit)) / rms, with g = dy * weight. */
export function rmsNormGradReference(
  x: tf.Tensor2D,
  weight: tf.Tensor1D,
  dy: tf.Tensor2D,
  epsilon: number,
): tf.Tensor[] {
  return tf.tidy(() => {
    const inverse = inverseRms(x, epsilon);
    const unit = tf.mul(x, inverse);
    const g = tf.mul(dy, weight);
    const along = tf.mul(unit, tf.mean(tf.mul(g, unit), 1, true));
    return [tf.mul(tf.sub(g, along), inverse), tf.sum(tf.mul(dy, unit), 0)];
  });
}
