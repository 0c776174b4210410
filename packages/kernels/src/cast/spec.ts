// Float32 to float16 and back, rounded to nearest: half-precision copies of the weights for matrix products.

import { input, kernel, output } from "../plan/spec.ts";

export const Cast = kernel({
  operands: { x: input("P"), y: output("P") },
  attributes: {},
  flops: () => 0,
});
