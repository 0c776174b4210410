import * as tf from "@tensorflow/tfjs";
import type { Reference } from "../plan/reference.ts";

export const CrossEntropy: Reference<"CrossEntropy"> = (operands, attributes, { V: vocabulary }) => {
  const { targets, settings, losses, logits } = operands;
  const share = tf.slice(settings, [0], [1]);
  const counts = tf.mul(tf.cast(tf.greaterEqual(targets, 0), "float32"), share);
  const oneHot = tf.cast(tf.oneHot(tf.maximum(targets, tf.scalar(0, "int32")), vocabulary), "float32");
  const shifted = tf.sub(logits, tf.max(logits, 1, true));
  const exponentials = tf.exp(shifted);
  const sums = tf.sum(exponentials, 1, true);
  const picked = tf.sum(tf.mul(shifted, oneHot), 1);
  const own = tf.mul(tf.sub(tf.log(tf.reshape(sums, [-1])), picked), counts);
  const all = attributes.accumulate ? tf.add(losses, own) : own;
  if (!attributes.gradient) return { losses: all };
  return {
    losses: all,
    logits: tf.mul(tf.sub(tf.div(exponentials, sums), oneHot), tf.reshape(counts, [-1, 1])),
  };
};
