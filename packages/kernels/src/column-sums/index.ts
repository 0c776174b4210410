// The sums of a matrix's columns: the gradient of a bias.
//
// Kernel HomebodyColumnSums: input x [N, C]; output [C].

import * as tf from "@tensorflow/tfjs";
import { runOwn } from "../dispatch.ts";

export function columnSums(x: tf.Tensor2D): tf.Tensor1D {
  return (runOwn("HomebodyColumnSums", { x })?.[0] as tf.Tensor1D | undefined) ?? tf.sum(x, 0);
}
