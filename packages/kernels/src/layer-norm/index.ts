// LayerNorm over the last axis (Ba et al. 2016): y = (x - mean) / sqrt(var + epsilon) * weight + bias.
//
// x [N, C], weight [C], bias [C], y [N, C]. Reads x once forward, x and dy once backward.
//
// Kernel HomebodyLayerNorm: inputs x, weight, bias; attribute epsilon; output y.
// Kernel HomebodyLayerNormGrad: inputs x, weight, dy; attribute epsilon; outputs dx, dweight, dbias.

import type * as tf from "@tensorflow/tfjs";
import { differentiable } from "../differentiable.ts";
import { runOwn } from "../dispatch.ts";
import { layerNormGradReference, layerNormReference } from "./reference.ts";

export function layerNorm(
  x: tf.Tensor2D,
  weight: tf.Tensor1D,
  bias: tf.Tensor1D,
  epsilon: number,
): tf.Tensor2D {
  return differentiable([x, weight, bias], (save) => {
    save([x, weight]);
    const own = runOwn("HomebodyLayerNorm", { x, weight, bias }, { epsilon });
    return {
      value: own?.[0] ?? layerNormReference(x, weight, bias, epsilon),
      gradients: (dy, saved) => {
        const [x, weight] = saved as [tf.Tensor2D, tf.Tensor1D];
        return (
          runOwn("HomebodyLayerNormGrad", { x, weight, dy }, { epsilon }) ??
          layerNormGradReference(x, weight, dy as tf.Tensor2D, epsilon)
        );
      },
    };
  });
}
