import * as tf from "@tensorflow/tfjs";
import type { Reference } from "../plan/reference.ts";

export const GradientNorm: Reference<"GradientNorm"> = (operands, { clip, goesOn }) => {
  const { gradients, losses, control } = operands;
  const loss = tf.sum(losses);
  const before = goesOn ? tf.slice(control, [3], [1]) : tf.scalar(0);
  const square = tf.sum(tf.concat([tf.reshape(before, [1]), tf.mul(gradients, gradients)]));
  const norm = tf.sqrt(square);
  const scale = tf.minimum(1, tf.div(clip, norm));
  const finite = tf.logicalAnd(tf.isFinite(loss), tf.isFinite(norm));
  return { control: tf.stack([loss, norm, tf.where(finite, scale, tf.scalar(0)), square]) };
};
