// The reference of every kernel, in tfjs's own ops: a line a folder.

export { AdamW } from "./adamw/reference.ts";
export { Add } from "./add/reference.ts";
export { CachedAttention } from "./cached-attention/reference.ts";
export { Cast } from "./cast/reference.ts";
export { CausalAttention, CausalAttentionGrad } from "./causal-attention/reference.ts";
export { ColumnSums } from "./column-sums/reference.ts";
export { CrossEntropy } from "./cross-entropy/reference.ts";
export { Embedding, EmbeddingGrad } from "./embedding/reference.ts";
export { GradientNorm } from "./gradient-norm/reference.ts";
export { MatMul } from "./matmul/reference.ts";
export { Momentum, Muon } from "./muon/reference.ts";
export { Normalize } from "./newton-schulz/reference.ts";
export { Norm, NormGrad, NormWeightGrad } from "./norm/reference.ts";
export { Rope } from "./rope/reference.ts";
export { SwiGlu, SwiGluGrad } from "./swiglu/reference.ts";
