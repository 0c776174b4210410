// Numbers added to others, in place: y <- y + x.

import { input, kernel, update } from "../plan/spec.ts";

export const Add = kernel({
  operands: { x: input("P"), y: update("P") },
  attributes: {},
  flops: ({ P }) => P,
});
