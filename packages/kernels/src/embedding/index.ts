// Rows of a table by index, and the sum of gradients back into the rows.
//
// ids [N] int32 in [0, V), table [V, C], y [N, C]; backward dtable [V, C], in the order of N, so it is deterministic.
//
// Kernel HomebodyEmbedding: inputs ids, table; output y.
// Kernel HomebodyEmbeddingGrad: inputs ids, dy; attribute rows (V); output dtable.

import type * as tf from "@tensorflow/tfjs";
import { differentiable } from "../differentiable.ts";
import { runOwn } from "../dispatch.ts";
import { embeddingGradReference, embeddingReference } from "./reference.ts";

export function embedding(ids: tf.Tensor1D, table: tf.Tensor2D): tf.Tensor2D {
  const rows = table.shape[0];
  return differentiable([table], () => ({
    value: runOwn("HomebodyEmbedding", { ids, table })?.[0] ?? embeddingReference(ids, table),
    gradients: (dy) =>
      runOwn("HomebodyEmbeddingGrad", { ids, dy }, { rows }) ?? [
        embeddingGradReference(ids, dy as tf.Tensor2D, rows),
      ],
  }));
}
