// From the commands to their calls on wasm (simd.ts).

import type { WasmKernel } from "../wasm/kernel.ts";

export const Norm: WasmKernel<"Norm"> = ({ simd, at, sizes: { N, C }, attributes: { epsilon } }) => {
  const { x, weight, bias = 0, y, stats } = at;
  return () => simd.kernels.norm(x, weight, bias, y, stats, N, C, epsilon);
};

export const NormGrad: WasmKernel<"NormGrad"> = ({ simd, at, sizes: { N, C }, attributes }) => {
  const { x, weight, stats, dy, skip = 0, dx } = at;
  const centred = Number(attributes.centred);
  return () => simd.kernels.normGrad(x, weight, stats, dy, skip, dx, N, C, centred);
};

export const NormWeightGrad: WasmKernel<"NormWeightGrad"> = ({ simd, at, sizes: { N, C }, attributes }) => {
  const { x, stats, dy, dweight, dbias = 0 } = at;
  const accumulate = Number(attributes.accumulate);
  return () => simd.kernels.normWeightGrad(x, stats, dy, dweight, dbias, N, C, accumulate);
};
