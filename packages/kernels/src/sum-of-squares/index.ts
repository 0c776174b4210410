// The sum of squares of one tensor, as a scalar: parts of the norm of all gradients.
//
// Kernel HomebodySumOfSquares: input x; output [].

import * as tf from "@tensorflow/tfjs";
import { runOwn } from "../dispatch.ts";

export function sumOfSquares(x: tf.Tensor): tf.Scalar {
  const own = runOwn("HomebodySumOfSquares", { x })?.[0] as tf.Scalar | undefined;
  return own ?? tf.tidy(() => tf.sum(tf.mul(x, x)));
}
