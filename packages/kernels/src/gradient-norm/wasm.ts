// From the command to its call on wasm (simd.ts).

import { type PrepareCall, sizeAt } from "../wasm/prepare.ts";

export const gradientNormCall: PrepareCall = (prepare) => {
  const { simd, at, attributes } = prepare;
  const [size, count] = [sizeAt(prepare, "gradients"), sizeAt(prepare, "losses")];
  const { clip, goesOn } = attributes as Record<string, number>;
  return () => simd.kernels.gradientNorm(at.gradients!, size, at.losses!, count, at.control!, clip!, goesOn!);
};
