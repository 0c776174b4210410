// From the command to its call on wasm (simd.ts).

import { type PrepareCall, shapeOf } from "../wasm/prepare.ts";

export const crossEntropyCall: PrepareCall = (prepare) => {
  const { simd, at, attributes } = prepare;
  const [rows, columns] = shapeOf(prepare, "logits");
  const operands = [at.targets!, at.settings!, at.losses!, at.logits!];
  const { gradient, accumulate } = attributes;
  return () => simd.kernels.crossEntropy(...operands, rows, columns, gradient!, accumulate!);
};
