// From an op to what computes it: a kernel that is registered for the backend that runs, or the plain reference.
//
// A backend's own kernels are registered in tfjs's kernel registry under the names below (packages/kernels/src/wasm,
// packages/kernels/src/webgpu). The model is written once and does not know which it gets.

import * as tf from "@tensorflow/tfjs";

export type Attributes = Readonly<Record<string, number | boolean | readonly number[]>>;

/** The outputs of the backend's own kernel; undefined where it has none. */
export function runOwn(
  name: KernelName,
  inputs: Readonly<Record<string, tf.Tensor>>,
  attributes: Attributes = {},
): tf.Tensor[] | undefined {
  if (forcedReference || tf.getKernel(name, tf.getBackend()) === undefined) return undefined;
  const outputs: tf.Tensor | tf.Tensor[] = tf
    .engine()
    .runKernel(name, { ...inputs }, { ...attributes } as never);
  return Array.isArray(outputs) ? outputs : [outputs];
}

let forcedReference = false;

/** Runs a function with plain tfjs ops only: for comparisons, in tests and benchmarks. */
export async function withReferences<T>(run: () => T | Promise<T>): Promise<T> {
  forcedReference = true;
  try {
    return await run();
  } finally {
    forcedReference = false;
  }
}

/** Inputs, attributes and outputs of each kernel stand at the op that runs it. */
export const kernelNames = [
  "HomebodyMatMul",
  "HomebodyLayerNorm",
  "HomebodyLayerNormGrad",
  "HomebodyRmsNorm",
  "HomebodyRmsNormGrad",
  "HomebodyGelu",
  "HomebodyGeluGrad",
  "HomebodySwiGlu",
  "HomebodySwiGluGrad",
  "HomebodyRope",
  "HomebodyCausalAttention",
  "HomebodyCausalAttentionGrad",
  "HomebodyEmbedding",
  "HomebodyEmbeddingGrad",
  "HomebodyCrossEntropy",
  "HomebodyAdamW",
  "HomebodySumOfSquares",
  "HomebodyColumnSums",
] as const;

export type KernelName = (typeof kernelNames)[number];
