// What a reference is: the same as a kernel, in tfjs's own ops, without a thought for speed or memory.

import type * as tf from "@tensorflow/tfjs";
import type { Attributes } from "./plan.ts";

/** Operands, also those that are only written, to the operands that are written. Runs within a tidy. */
export type Reference = (
  operands: Readonly<Record<string, tf.Tensor>>,
  attributes: Attributes,
) => Readonly<Record<string, tf.Tensor>>;
