// From the command to its call on wasm (simd.ts).

import type { WasmKernel } from "../wasm/kernel.ts";

export const ColumnSums: WasmKernel<"ColumnSums"> = ({ simd, at: { x, y }, sizes: { N, C }, attributes }) => {
  const accumulate = Number(attributes.accumulate);
  return () => simd.kernels.columnSums(x, y, N, C, accumulate);
};
