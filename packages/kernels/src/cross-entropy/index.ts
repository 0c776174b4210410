// Softmax cross-entropy with ignored positions: the sum of -ln p(target) over targets >= 0, divided by `count`.
//
// logits [N, V], targets [N] int32; a target below 0 does not count. `count` is how many do: the caller knows it from
// the batch. The gradient, (softmax - one-hot) / count in rows that count, is made with the loss, in one pass; so the
// loss must be what is differentiated, with nothing after it.
//
// Kernel HomebodyCrossEntropy: inputs logits, targets; attributes count, gradient (whether it is wanted); outputs
// losses [N] (divided by count, 0 where ignored) and, if wanted, dlogits [N, V] for a loss gradient of 1.

import * as tf from "@tensorflow/tfjs";
import { differentiable } from "../differentiable.ts";
import { runOwn } from "../dispatch.ts";
import { crossEntropyReference } from "./reference.ts";

export function crossEntropy(logits: tf.Tensor2D, targets: tf.Tensor1D, count: number): tf.Scalar {
  return differentiable([logits], (save) => {
    const [losses, dlogits] = both(logits, targets, count, true);
    save([dlogits!]);
    return {
      value: tf.sum(losses!),
      gradients: (_, saved) => [tf.clone(saved[0]!)],
    };
  });
}

/** The loss alone: for evaluation. */
export function crossEntropyValue(logits: tf.Tensor2D, targets: tf.Tensor1D, count: number): tf.Scalar {
  return tf.tidy(() => tf.sum(both(logits, targets, count, false)[0]!));
}

function both(logits: tf.Tensor2D, targets: tf.Tensor1D, count: number, gradient: boolean): tf.Tensor[] {
  return (
    runOwn("HomebodyCrossEntropy", { logits, targets }, { count, gradient }) ??
    crossEntropyReference(logits, targets, count, gradient)
  );
}
