// From the command to its call on wasm (simd.ts).

import { type PrepareCall, sizeAt } from "../wasm/prepare.ts";

export const addCall: PrepareCall = (prepare) => {
  const { simd, at } = prepare;
  const size = sizeAt(prepare, "x");
  return () => simd.kernels.blend(at.y!, at.x!, 1, 1, size);
};
