// The product, then what follows it, each where it is wanted.

import type { WasmKernel } from "../wasm/kernel.ts";

export const MatMul: WasmKernel<"MatMul"> = ({ simd, at, sizes: { M, N, K }, attributes }) => {
  const { a, b, c, bias = 0, residual = 0, pre = 0 } = at;
  const { transposeA, transposeB, alpha, beta, activation, accumulate } = attributes;
  const { gemm, gemv, gelu, geluGrad, blend, copy } = simd.kernels;
  const scratch = simd.kernels.gemmScratchBytes();
  const [strideA, strideB] = [transposeA ? M : K, transposeB ? K : N];
  const [turnA, turnB] = [Number(transposeA), Number(transposeB)];
  // Of A a row lies in memory as a column does.
  const product = (to: number, add: number) =>
    M === 1
      ? gemv(turnB, N, K, a, b, strideB, to, add, bias)
      : gemm(turnA, turnB, M, N, K, a, strideA, b, strideB, to, N, add, bias, simd.scratch("gemm", scratch));
  if (activation === "gelu")
    return () => {
      product(pre, 0);
      gelu(pre, c, M * N);
    };
  if (activation === "geluGrad")
    return () => {
      product(c, 0);
      geluGrad(pre, c, c, M * N);
    };
  if (alpha !== 1 || beta !== 1)
    return () => {
      product(c, 0);
      blend(c, residual, alpha, beta, M * N);
    };
  return () => {
    if (residual !== 0) copy(residual, c, M * N);
    product(c, residual !== 0 || accumulate ? 1 : 0);
  };
};
