// Kernels, and plans made of them: what is to be computed, where it lies and what it takes. Nothing of it computes, so no engine is
// loaded with it.

export {
  type AdamWConstants,
  adamw,
  stepSettings,
} from "./adamw/index.ts";
export { settingsSize } from "./adamw/spec.ts";
export { add } from "./add/index.ts";
export { type CacheRows, cachedAttention } from "./cached-attention/index.ts";
export { cast } from "./cast/index.ts";
export {
  type AttentionShape,
  causalAttention,
  causalAttentionGrad,
} from "./causal-attention/index.ts";
export { columnSums } from "./column-sums/index.ts";
export { crossEntropy } from "./cross-entropy/index.ts";
export { type Chains, chains, embedding, embeddingGrad } from "./embedding/index.ts";
export { gradientNorm } from "./gradient-norm/index.ts";
export { type MatMulOptions, matmul } from "./matmul/index.ts";
export { type Block, muon } from "./muon/index.ts";
export { newtonSchulz } from "./newton-schulz/index.ts";
export { type NormParameters, norm, normGrad, normWeightGrad } from "./norm/index.ts";
export { type Cost, costOf } from "./plan/cost.ts";
export { temporaryBytes } from "./plan/memory.ts";
export {
  alignedSize,
  alignment,
  type ElementType,
  elementBytes,
  type KernelName,
  type Operand,
  Plan,
  rowsOf,
  type Storage,
  sizeOf,
  whole,
} from "./plan/plan.ts";
export { type RopeTables, rope, ropeTables } from "./rope/index.ts";
export { swiglu, swigluGrad } from "./swiglu/index.ts";
