// The product, then what follows it, each where it is wanted.

import { or0, type PrepareCall, shapeOf } from "../wasm/prepare.ts";
import { activations } from "./index.ts";

export const matmulCall: PrepareCall = (prepare) => {
  const { simd, at, attributes } = prepare;
  const { transposeA, transposeB, alpha, beta, activation, accumulate } = attributes as Record<
    string,
    number
  >;
  const { gemm, gelu, geluGrad, blend, copy } = simd.kernels;
  const [m, n] = shapeOf(prepare, "c");
  const [a0, a1] = shapeOf(prepare, "a");
  const [, ldb] = shapeOf(prepare, "b");
  const k = transposeA ? a0 : a1;
  const scratch = simd.kernels.gemmScratchBytes();
  const product = (to: number, add: number) =>
    gemm(
      transposeA!,
      transposeB!,
      m,
      n,
      k,
      at.a!,
      a1,
      at.b!,
      ldb,
      to,
      n,
      add,
      or0(prepare, "bias"),
      simd.scratch("gemm", scratch),
    );
  const [c, residual] = [at.c!, or0(prepare, "residual")];
  if (activation === activations.gelu)
    return () => {
      product(at.pre!, 0);
      gelu(at.pre!, c, m * n);
    };
  if (activation === activations.geluGrad)
    return () => {
      product(c, 0);
      geluGrad(at.pre!, c, c, m * n);
    };
  if (alpha !== 1 || beta !== 1)
    return () => {
      product(c, 0);
      blend(c, residual, alpha!, beta!, m * n);
    };
  return () => {
    if (residual !== 0) copy(residual, c, m * n);
    product(c, residual !== 0 ? 1 : accumulate!);
  };
};
