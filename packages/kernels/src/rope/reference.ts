import * as tf from "@tensorflow/tfjs";

export function ropeReference(
  x: tf.Tensor2D,
  cos: tf.Tensor2D,
  sin: tf.Tensor2D,
  heads: number,
  back: boolean,
): tf.Tensor2D {
  return tf.tidy(() => {
    const [context, half] = cos.shape;
    const batch = x.shape[0] / context;
    const halves = tf.reshape(x, [batch, context, heads, 2 * half]);
    const first = tf.slice(halves, [0, 0, 0, 0], [-1, -1, -1, half]);
    const second = tf.slice(halves, [0, 0, 0, half], [-1, -1, -1, half]);
    const c = tf.reshape(cos, [1, context, 1, half]);
    const s = tf.reshape(back ? tf.neg(sin) : sin, [1, context, 1, half]);
    const turned = tf.concat(
      [tf.sub(tf.mul(first, c), tf.mul(second, s)), tf.add(tf.mul(second, c), tf.mul(first, s))],
      3,
    );
    return tf.reshape(turned, [batch * context, heads * 2 * half]) as tf.Tensor2D;
  });
}
