// The WGSL kernels of all ops, under tfjs's names for them.

import * as tf from "@tensorflow/tfjs";
import { adamwKernel } from "../adamw/webgpu.ts";
import { attentionGradKernel, attentionKernel } from "../causal-attention/webgpu.ts";
import { columnSumsKernel } from "../column-sums/webgpu.ts";
import { crossEntropyKernel } from "../cross-entropy/webgpu.ts";
import type { Attributes, KernelName } from "../dispatch.ts";
import { embeddingGradKernel, embeddingKernel } from "../embedding/webgpu.ts";
import { geluGradKernel, geluKernel } from "../gelu/webgpu.ts";
import { layerNormGradKernel, layerNormKernel } from "../layer-norm/webgpu.ts";
import { matmulKernel } from "../matmul/webgpu.ts";
import { rmsNormGradKernel, rmsNormKernel } from "../rms-norm/webgpu.ts";
import { ropeKernel } from "../rope/webgpu.ts";
import { sumOfSquaresKernel } from "../sum-of-squares/webgpu.ts";
import { swigluGradKernel, swigluKernel } from "../swiglu/webgpu.ts";
import { connect, type Kernel } from "./gpu.ts";

export { connect, forceVariant, type Variant } from "./gpu.ts";

const kernels: Readonly<Record<KernelName, Kernel>> = {
  HomebodyMatMul: matmulKernel,
  HomebodyColumnSums: columnSumsKernel,
  HomebodyLayerNorm: layerNormKernel,
  HomebodyLayerNormGrad: layerNormGradKernel,
  HomebodyRmsNorm: rmsNormKernel,
  HomebodyRmsNormGrad: rmsNormGradKernel,
  HomebodyGelu: geluKernel,
  HomebodyGeluGrad: geluGradKernel,
  HomebodySwiGlu: swigluKernel,
  HomebodySwiGluGrad: swigluGradKernel,
  HomebodyRope: ropeKernel,
  HomebodyCausalAttention: attentionKernel,
  HomebodyCausalAttentionGrad: attentionGradKernel,
  HomebodyEmbedding: embeddingKernel,
  HomebodyEmbeddingGrad: embeddingGradKernel,
  HomebodyCrossEntropy: crossEntropyKernel,
  HomebodyAdamW: adamwKernel,
  HomebodySumOfSquares: sumOfSquaresKernel,
};

/** Once a process; the backend itself is reached when the first kernel runs. */
export function registerWebgpuKernels(): void {
  for (const [kernelName, kernel] of Object.entries(kernels)) {
    if (tf.getKernel(kernelName, "webgpu") !== undefined) continue;
    tf.registerKernel({
      kernelName,
      backendName: "webgpu",
      kernelFunc: ({ inputs, attrs, backend }) =>
        kernel(connect(backend), inputs as Record<string, tf.TensorInfo>, attrs as Attributes),
    });
  }
}
