// From the command to its call on wasm (simd.ts).

import { or0, type PrepareCall, shapeOf } from "../wasm/prepare.ts";

export const normCall: PrepareCall = (prepare) => {
  const { simd, at, attributes } = prepare;
  const [rows, columns] = shapeOf(prepare, "x");
  const operands = [at.x!, at.weight!, or0(prepare, "bias"), at.y!, at.stats!];
  return () => simd.kernels.norm(...operands, rows, columns, attributes.epsilon!);
};

export const normGradCall: PrepareCall = (prepare) => {
  const { simd, at, attributes } = prepare;
  const [rows, columns] = shapeOf(prepare, "x");
  const operands = [at.x!, at.weight!, at.stats!, at.dy!, or0(prepare, "skip"), at.dx!];
  return () => simd.kernels.normGrad(...operands, rows, columns, attributes.centred!);
};

export const normWeightGradCall: PrepareCall = (prepare) => {
  const { simd, at, attributes } = prepare;
  const [rows, columns] = shapeOf(prepare, "x");
  const operands = [at.x!, at.stats!, at.dy!, at.dweight!, or0(prepare, "dbias")];
  return () => simd.kernels.normWeightGrad(...operands, rows, columns, attributes.accumulate!);
};
