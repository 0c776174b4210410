// GELU by its tanh approximation (Hendrycks and Gimpel 2016; Hugging Face's gelu_new), element by element.
//
// Kernel HomebodyGelu: input x; output y. Kernel HomebodyGeluGrad: inputs x, dy; output dx.

import type * as tf from "@tensorflow/tfjs";
import { differentiable } from "../differentiable.ts";
import { runOwn } from "../dispatch.ts";
import { geluGradReference, geluReference } from "./reference.ts";

export function gelu(x: tf.Tensor2D): tf.Tensor2D {
  return differentiable([x], (save) => {
    save([x]);
    return {
      value: runOwn("HomebodyGelu", { x })?.[0] ?? geluReference(x),
      gradients: (dy, saved) => {
        const [x] = saved as [tf.Tensor2D];
        return runOwn("HomebodyGeluGrad", { x, dy }) ?? [geluGradReference(x, dy as tf.Tensor2D)];
      },
    };
  });
}
