// From the command to its call on wasm (simd.ts).

import { type PrepareCall, shapeOf } from "../wasm/prepare.ts";

export const swigluCall: PrepareCall = (prepare) => {
  const { simd, at } = prepare;
  const [rows, columns] = shapeOf(prepare, "y");
  return () => simd.kernels.swiglu(at.x!, at.y!, rows, columns);
};

export const swigluGradCall: PrepareCall = (prepare) => {
  const { simd, at } = prepare;
  const [rows, columns] = shapeOf(prepare, "dy");
  return () => simd.kernels.swigluGrad(at.x!, at.dy!, at.dx!, rows, columns);
};
