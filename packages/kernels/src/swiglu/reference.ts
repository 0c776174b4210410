import * as tf from "@tensorflow/tfjs";
import type { Reference } from "../plan/reference.ts";

export const SwiGlu: Reference<"SwiGlu"> = ({ x }) => {
  const [gate, up] = tf.split(x, 2, 1) as [tf.Tensor, tf.Tensor];
  return { y: tf.mul(tf.mul(gate, tf.sigmoid(gate)), up) };
};

/** silu'(g) = s (1 + g (1 - s)), with s = sigmoid(g). */
export const SwiGluGrad: Reference<"SwiGluGrad"> = ({ x, dy }) => {
  const [gate, up] = tf.split(x, 2, 1) as [tf.Tensor, tf.Tensor];
  const s = tf.sigmoid(gate);
  const slope = tf.mul(s, tf.add(1, tf.mul(gate, tf.sub(1, s))));
  const dgate = tf.mul(tf.mul(dy, up), slope);
  return { dx: tf.concat([dgate, tf.mul(dy, tf.mul(gate, s))], 1) };
};
