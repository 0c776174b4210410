// GELU by its tanh approximation (Hendrycks and Gimpel 2016; Hugging Face's gelu_new). The kernels apply it where a
// matrix product leaves (matmul): it has no command of its own.

import * as tf from "@tensorflow/tfjs";

const scale = Math.sqrt(2 / Math.PI);
const cubic = 0.044715;

const inner = (x: tf.Tensor) => tf.tanh(tf.mul(scale, tf.add(x, tf.mul(cubic, tf.mul(x, tf.mul(x, x))))));

export function geluReference(x: tf.Tensor): tf.Tensor {
  return tf.mul(tf.mul(0.5, x), tf.add(1, inner(x)));
}

/** (1 + t) / 2 + x (1 - t²) / 2 * scale (1 + 3 cubic x²), with t = tanh(...). */
export function geluSlopeReference(x: tf.Tensor): tf.Tensor {
  const t = inner(x);
  const slope = tf.mul(scale, tf.add(1, tf.mul(3 * cubic, tf.mul(x, x))));
  const bend = tf.mul(tf.mul(x, slope), tf.sub(1, tf.mul(t, t)));
  return tf.mul(0.5, tf.add(tf.add(1, t), bend));
}
