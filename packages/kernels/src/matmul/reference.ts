import * as tf from "@tensorflow/tfjs";
import { geluReference, geluSlopeReference } from "../gelu/reference.ts";
import type { Reference } from "../plan/reference.ts";

export const MatMul: Reference<"MatMul"> = ({ a, b, bias, residual, pre, c }, attributes) => {
  const { transposeA, transposeB, alpha, beta, activation, accumulate } = attributes;
  let y = tf.mul(tf.matMul(a, b, transposeA, transposeB), alpha);
  if (bias !== undefined) y = tf.add(y, bias);
  const given = y;
  if (activation === "gelu") y = geluReference(y);
  if (activation === "geluGrad" && pre !== undefined) y = tf.mul(y, geluSlopeReference(pre));
  if (residual !== undefined) y = tf.add(y, tf.mul(residual, beta));
  if (accumulate) y = tf.add(y, c);
  return activation === "gelu" ? { c: y, pre: given } : { c: y };
};
