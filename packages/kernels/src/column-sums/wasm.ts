// From the command to its call on wasm (simd.ts).

import { type PrepareCall, shapeOf } from "../wasm/prepare.ts";

export const columnSumsCall: PrepareCall = (prepare) => {
  const { simd, at, attributes } = prepare;
  const [rows, columns] = shapeOf(prepare, "x");
  return () => simd.kernels.columnSums(at.x!, at.y!, rows, columns, attributes.accumulate!);
};
