// RMSNorm over the last axis (Zhang and Sennrich 2019): y = x / sqrt(mean(x²) + epsilon) * weight.
//
// x [N, C], weight [C], y [N, C].
//
// Kernel HomebodyRmsNorm: inputs x, weight; attribute epsilon; output y.
// Kernel HomebodyRmsNormGrad: inputs x, weight, dy; attribute epsilon; outputs dx, dweight.

import type * as tf from "@tensorflow/tfjs";
import { differentiable } from "../differentiable.ts";
import { runOwn } from "../dispatch.ts";
import { rmsNormGradReference, rmsNormReference } from "./reference.ts";

export function rmsNorm(x: tf.Tensor2D, weight: tf.Tensor1D, epsilon: number): tf.Tensor2D {
  return differentiable([x, weight], (save) => {
    save([x, weight]);
    const own = runOwn("HomebodyRmsNorm", { x, weight }, { epsilon });
    return {
      value: own?.[0] ?? rmsNormReference(x, weight, epsilon),
      gradients: (dy, saved) => {
        const [x, weight] = saved as [tf.Tensor2D, tf.Tensor1D];
        return (
          runOwn("HomebodyRmsNormGrad", { x, weight, dy }, { epsilon }) ??
          rmsNormGradReference(x, weight, dy as tf.Tensor2D, epsilon)
        );
      },
    };
  });
}
