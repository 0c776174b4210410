// From the command to its call on wasm (simd.ts).

import type { WasmKernel } from "../wasm/kernel.ts";

export const CrossEntropy: WasmKernel<"CrossEntropy"> = ({ simd, at, sizes: { N, V }, attributes }) => {
  const { targets, settings, losses, logits } = at;
  const [gradient, accumulate] = [Number(attributes.gradient), Number(attributes.accumulate)];
  return () => simd.kernels.crossEntropy(targets, settings, losses, logits, N, V, gradient, accumulate);
};
