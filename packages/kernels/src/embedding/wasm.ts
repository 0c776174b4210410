// From the commands to their calls on wasm (simd.ts).

import type { WasmKernel } from "../wasm/kernel.ts";

export const Embedding: WasmKernel<"Embedding"> = ({ simd, at, sizes: { N, C, T = 1 } }) => {
  const { ids, table, positions = 0, y } = at;
  return () => simd.kernels.embedding(ids, table, positions, y, N, C, T);
};

export const EmbeddingGrad: WasmKernel<"EmbeddingGrad"> = ({ simd, at, sizes: { V, C }, attributes }) => {
  const { heads, links, dy, dtable } = at;
  const accumulate = Number(attributes.accumulate);
  return () => simd.kernels.embeddingGrad(heads, links, dy, dtable, V, C, accumulate);
};
