// From the command to its call on wasm (simd.ts).

import type { WasmKernel } from "../wasm/kernel.ts";

export const GradientNorm: WasmKernel<"GradientNorm"> = ({ simd, at, sizes: { P, N }, attributes }) => {
  const { gradients, losses, control } = at;
  const { clip, goesOn } = attributes;
  return () => simd.kernels.gradientNorm(gradients, P, losses, N, control, clip, Number(goesOn));
};
