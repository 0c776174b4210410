import * as tf from "@tensorflow/tfjs";
import type { Reference } from "../plan/reference.ts";

export const Rope: Reference<"Rope"> = ({ x, cos, sin }, { heads, sign }, sizes) => {
  const { N: rows, W: columns, T: context, H: half } = sizes;
  const turning = heads * 2 * half;
  const [left, right] = tf.split(x, [turning, columns - turning], 1) as [tf.Tensor, tf.Tensor];
  const pairs = tf.reshape(left, [rows / context, context, heads, 2 * half]);
  const [first, second] = tf.split(pairs, 2, 3) as [tf.Tensor, tf.Tensor];
  const c = tf.reshape(cos, [1, context, 1, half]);
  const s = tf.mul(tf.reshape(sin, [1, context, 1, half]), sign);
  const turned = tf.concat(
    [tf.sub(tf.mul(first, c), tf.mul(second, s)), tf.add(tf.mul(second, c), tf.mul(first, s))],
    3,
  );
  return { x: tf.concat([tf.reshape(turned, [rows, turning]), right], 1) };
};
