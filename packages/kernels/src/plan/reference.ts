// What a reference is: the same as a kernel, in tfjs's own ops, without a thought for speed or memory.

import type * as tf from "@tensorflow/tfjs";
import type * as listed from "../specs.ts";
import type { Attributes, KernelName, Operands, Sizes } from "./plan.ts";
import type { OutputsOf } from "./spec.ts";

/** Operands, also those that are only written, to the operands that are written. Runs within a tidy. */
export type Reference<N extends KernelName> = (
  operands: Operands<N, tf.Tensor>,
  attributes: Attributes<N>,
  sizes: Sizes<N>,
) => OutputsOf<(typeof listed)[N]["operands"], tf.Tensor>;

export type References = { readonly [N in KernelName]: Reference<N> };
