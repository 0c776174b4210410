import * as tf from "@tensorflow/tfjs";
import type { Reference } from "../plan/reference.ts";

/** The units (x - mean) / deviation, with what they are made of. */
function units(x: tf.Tensor, centred: boolean, epsilon: number) {
  const means = tf.mean(x, 1, true);
  const mean = centred ? means : tf.zerosLike(means);
  const away = tf.sub(x, mean);
  const inverse = tf.rsqrt(tf.add(tf.mean(tf.mul(away, away), 1, true), epsilon));
  return { mean, inverse, unit: tf.mul(away, inverse) };
}

export const Norm: Reference<"Norm"> = ({ x, weight, bias }, { epsilon }) => {
  const { mean, inverse, unit } = units(x, bias !== undefined, epsilon);
  const scaled = tf.mul(unit, weight);
  const y = bias === undefined ? scaled : tf.add(scaled, bias);
  return { y, stats: tf.concat([mean, inverse], 1) };
};

/** By stats, as the kernels: dx = (g - mean(g) - unit mean(g unit)) / deviation, with g = dy weight. */
export const NormGrad: Reference<"NormGrad"> = ({ x, weight, stats, dy, skip }, { centred }) => {
  const [mean, inverse] = tf.split(stats, 2, 1) as [tf.Tensor, tf.Tensor];
  const unit = tf.mul(tf.sub(x, mean), inverse);
  const g = tf.mul(dy, weight);
  const offset = centred ? tf.mean(g, 1, true) : tf.scalar(0);
  const along = tf.mul(unit, tf.mean(tf.mul(g, unit), 1, true));
  const dx = tf.mul(tf.sub(tf.sub(g, offset), along), inverse);
  return { dx: skip === undefined ? dx : tf.add(dx, skip) };
};

export const NormWeightGrad: Reference<"NormWeightGrad"> = (operands, { accumulate }) => {
  const { x, stats, dy, dweight, dbias } = operands;
  const [mean, inverse] = tf.split(stats, 2, 1) as [tf.Tensor, tf.Tensor];
  const unit = tf.mul(tf.sub(x, mean), inverse);
  const before = (tensor: tf.Tensor) => (accumulate ? tensor : tf.zerosLike(tensor));
  const weight = tf.add(before(dweight), tf.sum(tf.mul(dy, unit), 0));
  if (dbias === undefined) return { dweight: weight };
  return { dweight: weight, dbias: tf.add(before(dbias), tf.sum(dy, 0)) };
};
