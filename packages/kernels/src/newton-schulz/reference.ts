import * as tf from "@tensorflow/tfjs";
import type { Reference } from "../plan/reference.ts";
import { coefficients } from "./index.ts";

export const Normalize: Reference<"Normalize"> = ({ x }, { epsilon }) => ({
  y: tf.div(x, tf.add(tf.sqrt(tf.sum(tf.mul(x, x))), epsilon)),
});

/** The whole iteration, for a matrix that is wide. */
export function newtonSchulzReference(g: tf.Tensor2D, steps: number): tf.Tensor2D {
  const { a, b, c } = coefficients;
  let x: tf.Tensor2D = tf.div(g, tf.sqrt(tf.sum(tf.mul(g, g))));
  for (let step = 0; step < steps; step++) {
    const gram = tf.matMul(x, x, false, true);
    const blend = tf.add(tf.mul(b, gram), tf.mul(c, tf.matMul(gram, gram)));
    x = tf.add(tf.mul(a, x), tf.matMul(blend as tf.Tensor2D, x));
  }
  return x;
}
