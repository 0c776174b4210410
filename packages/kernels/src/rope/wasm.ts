// From the command to its call on wasm (simd.ts).

import type { WasmKernel } from "../wasm/kernel.ts";

export const Rope: WasmKernel<"Rope"> = ({
  simd,
  at: { cos, sin, x },
  sizes,
  attributes: { heads, sign },
}) => {
  const { N, W, T, H } = sizes;
  return () => simd.kernels.rope(cos, sin, x, N, W, T, heads, H, sign);
};
