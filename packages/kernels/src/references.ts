// The plain reference of every command.

import { adamwReference } from "./adamw/reference.ts";
import { addReference } from "./add/reference.ts";
import { castReference } from "./cast/reference.ts";
import { attentionGradReference, attentionReference } from "./causal-attention/reference.ts";
import { columnSumsReference } from "./column-sums/reference.ts";
import { crossEntropyReference } from "./cross-entropy/reference.ts";
import { embeddingGradReference, embeddingReference } from "./embedding/reference.ts";
import { gradientNormReference } from "./gradient-norm/reference.ts";
import { matmulReference } from "./matmul/reference.ts";
import { momentumReference, muonReference } from "./muon/reference.ts";
import { normalizeReference } from "./newton-schulz/reference.ts";
import { normGradReference, normReference, normWeightGradReference } from "./norm/reference.ts";
import type { Reference } from "./plan/reference.ts";
import { ropeReference } from "./rope/reference.ts";
import { swigluGradReference, swigluReference } from "./swiglu/reference.ts";

export const references: Readonly<Record<string, Reference>> = {
  AdamW: adamwReference,
  Add: addReference,
  Cast: castReference,
  CausalAttention: attentionReference,
  CausalAttentionGrad: attentionGradReference,
  ColumnSums: columnSumsReference,
  CrossEntropy: crossEntropyReference,
  Embedding: embeddingReference,
  EmbeddingGrad: embeddingGradReference,
  GradientNorm: gradientNormReference,
  MatMul: matmulReference,
  Momentum: momentumReference,
  Muon: muonReference,
  Norm: normReference,
  NormGrad: normGradReference,
  NormWeightGrad: normWeightGradReference,
  Normalize: normalizeReference,
  Rope: ropeReference,
  SwiGlu: swigluReference,
  SwiGluGrad: swigluGradReference,
};
