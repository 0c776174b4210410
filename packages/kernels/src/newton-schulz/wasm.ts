// From the command to its call on wasm (simd.ts).

import { type PrepareCall, sizeAt } from "../wasm/prepare.ts";

export const normalizeCall: PrepareCall = (prepare) => {
  const { simd, at, attributes } = prepare;
  const size = sizeAt(prepare, "x");
  return () => simd.kernels.normalize(at.x!, at.y!, size, attributes.epsilon!);
};
