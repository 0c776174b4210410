import * as tf from "@tensorflow/tfjs";
import { geluReference, geluSlopeReference } from "../gelu/reference.ts";
import type { Reference } from "../plan/reference.ts";

export const matmulReference: Reference = ({ a, b, bias, residual, pre, c }, attributes) => {
  const { transposeA, transposeB, alpha, beta, activation, accumulate } = attributes;
  let y = tf.mul(tf.matMul(a!, b!, transposeA === 1, transposeB === 1), alpha!);
  if (bias !== undefined) y = tf.add(y, bias);
  const given = y;
  if (activation === 1) y = geluReference(y);
  if (activation === 2) y = tf.mul(y, geluSlopeReference(pre!));
  if (residual !== undefined) y = tf.add(y, tf.mul(residual, beta!));
  if (accumulate === 1) y = tf.add(y, c!);
  return activation === 1 ? { c: y, pre: given } : { c: y };
};
