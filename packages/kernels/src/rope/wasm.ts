// From the command to its call on wasm (simd.ts).

import { type PrepareCall, shapeOf } from "../wasm/prepare.ts";

export const ropeCall: PrepareCall = (prepare) => {
  const { simd, at, attributes } = prepare;
  const [rows, columns] = shapeOf(prepare, "x");
  const [context, half] = shapeOf(prepare, "cos");
  const { heads, sign } = attributes;
  return () => simd.kernels.rope(at.cos!, at.sin!, at.x!, rows, columns, context, heads!, half, sign!);
};
