// Kernels on float32 in the memory of tfjs's wasm backend: no memory, no data and no state of their own.

export { attention, attentionGrad, attentionScratchBytes } from "./attention";
export { gemm, gemmScratchBytes } from "./gemm";
export { adamw, gelu, geluGrad, sumOfSquares, swiglu, swigluGrad } from "./pointwise";
export {
  columnSums, crossEntropy, embedding, embeddingGrad, layerNorm, layerNormGrad, rmsNorm, rmsNormGrad, rope,
} from "./rows";
