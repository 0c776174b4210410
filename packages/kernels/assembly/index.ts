// All kernels on float32 in the memory of tfjs's wasm backend: no memory, no data and no state of their own.

export { adamw } from "../src/adamw/simd";
export { attention, attentionGrad, attentionScratchBytes } from "../src/causal-attention/simd";
export { columnSums } from "../src/column-sums/simd";
export { crossEntropy } from "../src/cross-entropy/simd";
export { embedding, embeddingGrad } from "../src/embedding/simd";
export { gelu, geluGrad } from "../src/gelu/simd";
export { gradientNorm } from "../src/gradient-norm/simd";
export { blend, copy, gemm, gemmScratchBytes } from "../src/matmul/simd";
export { momentum, muon } from "../src/muon/simd";
export { normalize } from "../src/newton-schulz/simd";
export { norm, normGrad, normWeightGrad } from "../src/norm/simd";
export { rope } from "../src/rope/simd";
export { swiglu, swigluGrad } from "../src/swiglu/simd";
