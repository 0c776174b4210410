// The WGSL kernels of all commands. What a command's operands and attributes are stands in its folder's index.ts.

import { adamwKernel } from "../adamw/webgpu.ts";
import { addKernel } from "../add/webgpu.ts";
import { castKernel } from "../cast/webgpu.ts";
import { attentionGradKernel, attentionKernel } from "../causal-attention/webgpu.ts";
import { columnSumsKernel } from "../column-sums/webgpu.ts";
import { crossEntropyKernel } from "../cross-entropy/webgpu.ts";
import { embeddingGradKernel, embeddingKernel } from "../embedding/webgpu.ts";
import { gradientNormKernel } from "../gradient-norm/webgpu.ts";
import { matmulKernel } from "../matmul/webgpu.ts";
import { momentumKernel, muonKernel } from "../muon/webgpu.ts";
import { normalizeKernel } from "../newton-schulz/webgpu.ts";
import { normGradKernel, normKernel, normWeightGradKernel } from "../norm/webgpu.ts";
import type { Attributes } from "../plan/plan.ts";
import type { BoundOperands } from "../plan/runtime.ts";
import { ropeKernel } from "../rope/webgpu.ts";
import { swigluGradKernel, swigluKernel } from "../swiglu/webgpu.ts";
import type { Gpu } from "./runtime.ts";

export type Kernel = (gpu: Gpu, operands: BoundOperands, attributes: Attributes) => void;

export const kernels: Readonly<Record<string, Kernel>> = {
  AdamW: adamwKernel,
  Add: addKernel,
  Cast: castKernel,
  CausalAttention: attentionKernel,
  CausalAttentionGrad: attentionGradKernel,
  ColumnSums: columnSumsKernel,
  CrossEntropy: crossEntropyKernel,
  Embedding: embeddingKernel,
  EmbeddingGrad: embeddingGradKernel,
  GradientNorm: gradientNormKernel,
  MatMul: matmulKernel,
  Momentum: momentumKernel,
  Muon: muonKernel,
  Norm: normKernel,
  NormGrad: normGradKernel,
  NormWeightGrad: normWeightGradKernel,
  Normalize: normalizeKernel,
  Rope: ropeKernel,
  SwiGlu: swigluKernel,
  SwiGluGrad: swigluGradKernel,
};
