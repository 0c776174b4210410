// Kernels on float32 in the memory of tfjs's wasm backend: no memory, no data and no state of their own.

export { attention, attentionGrad, attentionScratchBytes } from "./attention";
export { gemm, gemmScratchBytes } from "./gemm";
export { adamw, blend, copy, gelu, geluGrad, gradientNorm, normalize, swiglu, swigluGrad } from "./pointwise";
export { columnSums, crossEntropy, embedding, embeddingGrad, norm, normGrad, normWeightGrad, rope } from "./rows";
