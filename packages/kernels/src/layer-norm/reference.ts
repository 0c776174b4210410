import * as tf from "@tensorflow/tfjs";

function normalised(x: tf.Tensor2D, epsilon: number) {
  const centred = tf.sub(x, tf.mean(x, 1, true));
  const inverse = tf.rsqrt(tf.add(tf.mean(tf.mul(centred, centred), 1, true), epsilon));
  return { unit: tf.mul(centred, inverse), inverse };
}

export function layerNormReference(
  x: tf.Tensor2D,
  weight: tf.Tensor1D,
  bias: tf.Tensor1D,
  epsilon: number,
): tf.Tensor2D {
  return tf.tidy(() => tf.add(tf.mul(normalised(x, epsilon).unit, weight), bias));
}

/** dx = (g - mean(g) - unit * mean(g * unit)) / deviation, with g = dy * weight. */
export function layerNormGradReference(
  x: tf.Tensor2D,
  weight: tf.Tensor1D,
  dy: tf.Tensor2D,
  epsilon: number,
): tf.Tensor[] {
  return tf.tidy(() => {
    const { unit, inverse } = normalised(x, epsilon);
    const g = tf.mul(dy, weight);
    const along = tf.mul(unit, tf.mean(tf.mul(g, unit), 1, true));
    const dx = tf.mul(tf.sub(tf.sub(g, tf.mean(g, 1, true)), along), inverse);
    return [dx, tf.sum(tf.mul(dy, unit), 0), tf.sum(dy, 0)];
  });
}
