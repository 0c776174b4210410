// From the command to its call on wasm (matmul's simd.ts).

import type { WasmKernel } from "../wasm/kernel.ts";

export const Add: WasmKernel<"Add"> =
  ({ simd, at: { x, y }, sizes: { P } }) =>
  () =>
    simd.kernels.blend(y, x, 1, 1, P);
