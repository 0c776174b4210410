// From the commands to their calls on wasm (simd.ts).

import type { WasmKernel } from "../wasm/kernel.ts";

export const SwiGlu: WasmKernel<"SwiGlu"> =
  ({ simd, at: { x, y }, sizes: { N, F } }) =>
  () =>
    simd.kernels.swiglu(x, y, N, F);

export const SwiGluGrad: WasmKernel<"SwiGluGrad"> =
  ({ simd, at: { x, dy, dx }, sizes: { N, F } }) =>
  () =>
    simd.kernels.swigluGrad(x, dy, dx, N, F);
