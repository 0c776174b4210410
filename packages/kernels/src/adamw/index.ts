// AdamW with decoupled decay (Loshchilov and Hutter 2019, algorithm 2), one tensor at a time.
//
// m <- b1 m + (1 - b1) g; v <- b2 v + (1 - b2) g²; p <- p - lr (m' / (sqrt(v') + epsilon) + decay p), where g is the
// gradient times `scale` (the clip), and m', v' are m, v over 1 - b1^t, 1 - b2^t.
//
// Kernel HomebodyAdamW: inputs parameter, gradient, first, second; the settings below as attributes; output: nothing
// that counts, parameter, first and second are changed in place. Without a kernel new tensors are made. The caller
// owns what comes back, and gives up what it handed in.

import type * as tf from "@tensorflow/tfjs";
import { runOwn } from "../dispatch.ts";
import { adamwReference } from "./reference.ts";

export interface AdamWStep {
  readonly learningRate: number;
  readonly beta1: number;
  readonly beta2: number;
  readonly epsilon: number;
  /** 0 for tensors that do not decay. */
  readonly decay: number;
  /** What gradients are multiplied with: the clip. */
  readonly scale: number;
  /** From 1. */
  readonly step: number;
}

export interface AdamWState {
  readonly parameter: tf.Tensor;
  readonly first: tf.Tensor;
  readonly second: tf.Tensor;
}

export function adamw(state: AdamWState, gradient: tf.Tensor, step: AdamWStep): AdamWState {
  const own = runOwn("HomebodyAdamW", { ...state, gradient }, { ...step });
  if (own !== undefined) {
    for (const tensor of own) tensor.dispose();
    return state;
  }
  const next = adamwReference(state, gradient, step);
  for (const tensor of [state.parameter, state.first, state.second]) tensor.dispose();
  return next;
}
