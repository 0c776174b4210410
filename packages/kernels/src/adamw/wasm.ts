// From the command to its call on wasm (simd.ts).

import type { WasmKernel } from "../wasm/kernel.ts";

export const AdamW: WasmKernel<"AdamW"> = ({ simd, at, sizes: { P }, attributes }) => {
  const { beta1, beta2, epsilon, decays } = attributes;
  const { parameter, gradient, first, second, control, settings } = at;
  const rates = [beta1, 1 - beta1, beta2, 1 - beta2] as const;
  return () =>
    simd.kernels.adamw(
      parameter,
      gradient,
      first,
      second,
      control,
      settings,
      P,
      ...rates,
      epsilon,
      Number(decays),
    );
};
