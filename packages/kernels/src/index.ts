// Ops of a transformer for tfjs: each in a folder of its own, with its gradient and a plain reference.

export { type AdamWState, type AdamWStep, adamw } from "./adamw/index.ts";
export { type AttentionShape, causalAttention } from "./causal-attention/index.ts";
export { crossEntropy, crossEntropyValue } from "./cross-entropy/index.ts";
export { type KernelName, kernelNames, withReferences } from "./dispatch.ts";
export { embedding } from "./embedding/index.ts";
export { gelu } from "./gelu/index.ts";
export { layerNorm } from "./layer-norm/index.ts";
export { matmul, product } from "./matmul/index.ts";
export { rmsNorm } from "./rms-norm/index.ts";
export { type RopeTables, rope, ropeTables } from "./rope/index.ts";
export { sumOfSquares } from "./sum-of-squares/index.ts";
export { swiglu } from "./swiglu/index.ts";
export { registerWasmKernels } from "./wasm/register.ts";
export { registerWebgpuKernels } from "./webgpu/index.ts";
