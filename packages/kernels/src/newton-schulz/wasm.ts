// From the command to its call on wasm (simd.ts).

import type { WasmKernel } from "../wasm/kernel.ts";

export const Normalize: WasmKernel<"Normalize"> =
  ({ simd, at: { x, y }, sizes: { M, N }, attributes: { epsilon } }) =>
  () =>
    simd.kernels.normalize(x, y, M * N, epsilon);
