import * as tf from "@tensorflow/tfjs";
import type { Reference } from "../plan/reference.ts";

export const gradientNormReference: Reference = ({ gradients, losses }, { clip }) => {
  const loss = tf.sum(losses!);
  const norm = tf.sqrt(tf.sum(tf.mul(gradients!, gradients!)));
  const scale = tf.minimum(1, tf.div(clip!, norm));
  const finite = tf.logicalAnd(tf.isFinite(loss), tf.isFinite(norm));
  return { control: tf.stack([loss, norm, tf.where(finite, scale, tf.scalar(0)), tf.scalar(0)]) };
};
