// What dispatches every kernel in WGSL: a line a folder.

export { AdamW } from "../adamw/webgpu.ts";
export { Add } from "../add/webgpu.ts";
export { CachedAttention } from "../cached-attention/webgpu.ts";
export { Cast } from "../cast/webgpu.ts";
export { CausalAttention, CausalAttentionGrad } from "../causal-attention/webgpu.ts";
export { ColumnSums } from "../column-sums/webgpu.ts";
export { CrossEntropy } from "../cross-entropy/webgpu.ts";
export { Embedding, EmbeddingGrad } from "../embedding/webgpu.ts";
export { GradientNorm } from "../gradient-norm/webgpu.ts";
export { MatMul } from "../matmul/webgpu.ts";
export { Momentum, Muon } from "../muon/webgpu.ts";
export { Normalize } from "../newton-schulz/webgpu.ts";
export { Norm, NormGrad, NormWeightGrad } from "../norm/webgpu.ts";
export { Rope } from "../rope/webgpu.ts";
export { SwiGlu, SwiGluGrad } from "../swiglu/webgpu.ts";
