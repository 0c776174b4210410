// The calls of all commands. What a command's operands and attributes are stands in its folder's index.ts.

import { adamwCall } from "../adamw/wasm.ts";
import { addCall } from "../add/wasm.ts";
import { causalAttentionCall, causalAttentionGradCall } from "../causal-attention/wasm.ts";
import { columnSumsCall } from "../column-sums/wasm.ts";
import { crossEntropyCall } from "../cross-entropy/wasm.ts";
import { embeddingCall, embeddingGradCall } from "../embedding/wasm.ts";
import { gradientNormCall } from "../gradient-norm/wasm.ts";
import { matmulCall } from "../matmul/wasm.ts";
import { momentumCall, muonCall } from "../muon/wasm.ts";
import { normalizeCall } from "../newton-schulz/wasm.ts";
import { normCall, normGradCall, normWeightGradCall } from "../norm/wasm.ts";
import { ropeCall } from "../rope/wasm.ts";
import { swigluCall, swigluGradCall } from "../swiglu/wasm.ts";
import type { PrepareCall } from "./prepare.ts";

export const kernels: Readonly<Record<string, PrepareCall>> = {
  AdamW: adamwCall,
  Add: addCall,
  CausalAttention: causalAttentionCall,
  CausalAttentionGrad: causalAttentionGradCall,
  ColumnSums: columnSumsCall,
  CrossEntropy: crossEntropyCall,
  Embedding: embeddingCall,
  EmbeddingGrad: embeddingGradCall,
  GradientNorm: gradientNormCall,
  MatMul: matmulCall,
  Momentum: momentumCall,
  Muon: muonCall,
  Norm: normCall,
  NormGrad: normGradCall,
  NormWeightGrad: normWeightGradCall,
  Normalize: normalizeCall,
  Rope: ropeCall,
  SwiGlu: swigluCall,
  SwiGluGrad: swigluGradCall,
};
