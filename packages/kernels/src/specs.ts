// Every kernel there is: a line a folder. Backends have a list of the same form (wasm/kernels.ts, webgpu/kernels.ts, and
// tfjs's own ops, references.ts), and the compiler misses what is missing there.

export { AdamW } from "./adamw/spec.ts";
export { Add } from "./add/spec.ts";
export { CachedAttention } from "./cached-attention/spec.ts";
export { Cast } from "./cast/spec.ts";
export { CausalAttention, CausalAttentionGrad } from "./causal-attention/spec.ts";
export { ColumnSums } from "./column-sums/spec.ts";
export { CrossEntropy } from "./cross-entropy/spec.ts";
export { Embedding, EmbeddingGrad } from "./embedding/spec.ts";
export { GradientNorm } from "./gradient-norm/spec.ts";
export { MatMul } from "./matmul/spec.ts";
export { Momentum, Muon } from "./muon/spec.ts";
export { Normalize } from "./newton-schulz/spec.ts";
export { Norm, NormGrad, NormWeightGrad } from "./norm/spec.ts";
export { Rope } from "./rope/spec.ts";
export { SwiGlu, SwiGluGrad } from "./swiglu/spec.ts";
