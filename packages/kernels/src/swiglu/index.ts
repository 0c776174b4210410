// SwiGLU (Shazeer 2020): y = silu(gate) * up, element by element, silu(g) = g / (1 + exp(-g)).
//
// Kernel HomebodySwiGlu: inputs gate, up; output y. Kernel HomebodySwiGluGrad: inputs gate, up, dy; outputs dgate, dup.

import type * as tf from "@tensorflow/tfjs";
import { differentiable } from "../differentiable.ts";
import { runOwn } from "../dispatch.ts";
import { swigluGradReference, swigluReference } from "./reference.ts";

export function swiglu(gate: tf.Tensor2D, up: tf.Tensor2D): tf.Tensor2D {
  return differentiable([gate, up], (save) => {
    save([gate, up]);
    return {
      value: runOwn("HomebodySwiGlu", { gate, up })?.[0] ?? swigluReference(gate, up),
      gradients: (dy, saved) => {
        const [gate, up] = saved as [tf.Tensor2D, tf.Tensor2D];
        return (
          runOwn("HomebodySwiGluGrad", { gate, up, dy }) ?? swigluGradReference(gate, up, dy as tf.Tensor2D)
        );
      },
    };
  });
}
