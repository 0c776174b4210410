// What calls every kernel in our WebAssembly module: a line a folder.

export { AdamW } from "../adamw/wasm.ts";
export { Add } from "../add/wasm.ts";
export { CachedAttention } from "../cached-attention/wasm.ts";
export { Cast } from "../cast/wasm.ts";
export { CausalAttention, CausalAttentionGrad } from "../causal-attention/wasm.ts";
export { ColumnSums } from "../column-sums/wasm.ts";
export { CrossEntropy } from "../cross-entropy/wasm.ts";
export { Embedding, EmbeddingGrad } from "../embedding/wasm.ts";
export { GradientNorm } from "../gradient-norm/wasm.ts";
export { MatMul } from "../matmul/wasm.ts";
export { Momentum, Muon } from "../muon/wasm.ts";
export { Normalize } from "../newton-schulz/wasm.ts";
export { Norm, NormGrad, NormWeightGrad } from "../norm/wasm.ts";
export { Rope } from "../rope/wasm.ts";
export { SwiGlu, SwiGluGrad } from "../swiglu/wasm.ts";
