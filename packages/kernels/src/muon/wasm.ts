// From the commands to their calls on wasm (simd.ts).

import type { WasmKernel } from "../wasm/kernel.ts";

/** Bytes up to where a block begins. */
const startOf = (stride: number, { row, column }: { readonly row: number; readonly column: number }) =>
  4 * (row * stride + column);

export const Momentum: WasmKernel<"Momentum"> = ({ simd, at, sizes: { M, N, C }, attributes }) => {
  const start = startOf(C, attributes);
  const [gradient, moment] = [at.gradient + start, at.moment + start];
  return () => simd.kernels.momentum(gradient, moment, C, at.control, at.y, M, N, attributes.momentum);
};

export const Muon: WasmKernel<"Muon"> = ({ simd, at, sizes: { M, N, C }, attributes }) => {
  const { update, control, settings } = at;
  const parameter = at.parameter + startOf(C, attributes);
  const { scale, decays } = attributes;
  return () => simd.kernels.muon(update, control, settings, parameter, C, M, N, scale, Number(decays));
};
