// A copy: wasm refuses halves before a command gets here (wasm/runtime.ts), so both are float32.

import type { WasmKernel } from "../wasm/kernel.ts";

export const Cast: WasmKernel<"Cast"> =
  ({ simd, at: { x, y }, sizes: { P } }) =>
  () =>
    simd.kernels.copy(x, y, P);
