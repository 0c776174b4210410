import * as tf from "@tensorflow/tfjs";

export function swigluReference(gate: tf.Tensor2D, up: tf.Tensor2D): tf.Tensor2D {
  return tf.tidy(() => tf.mul(tf.mul(gate, tf.sigmoid(gate)), up));
}

/** silu'(g) = s (1 + g (1 - s)), with s = sigmoid(g). */
export function swigluGradReference(gate: tf.Tensor2D, up: tf.Tensor2D, dy: tf.Tensor2D): tf.Tensor[] {
  return tf.tidy(() => {
    const s = tf.sigmoid(gate);
    const slope = tf.mul(s, tf.add(1, tf.mul(gate, tf.sub(1, s))));
    return [tf.mul(tf.mul(dy, up), slope), tf.mul(dy, tf.mul(gate, s))];
  });
}
