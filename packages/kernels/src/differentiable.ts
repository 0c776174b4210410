// tf.customGrad for our ops: a value, and what its gradient is made of.
//
// What the backward pass needs has to go through `save`: tfjs disposes of everything else when the forward pass ends.

import * as tf from "@tensorflow/tfjs";

export interface Differentiable {
  readonly value: tf.Tensor;
  /** One gradient an input, in their order. */
  readonly gradients: (dy: tf.Tensor, saved: tf.Tensor[]) => tf.Tensor[];
}

export function differentiable<T extends tf.Tensor>(
  inputs: readonly tf.Tensor[],
  run: (save: (tensors: readonly tf.Tensor[]) => void) => Differentiable,
): T {
  const op = tf.customGrad((...args: (tf.Tensor | tf.GradSaveFunc)[]) => {
    const save = args.at(-1) as tf.GradSaveFunc;
    const { value, gradients } = run((tensors) => save([...tensors]));
    return { value, gradFunc: gradients };
  });
  return op(...inputs) as T;
}
