// The loss of a step, the norm of all its gradients, and by how much they are clipped, without leaving the device.
//
// control: the sum of losses; the norm; min(1, clip / norm), or 0 where either is not finite, so that nothing moves; the
// norm's square. Sums go by S parts of 2,048 numbers, then over the parts. Where it `goesOn`, the square that the
// command before it left is added.

import { input, kernel, scratch, update } from "../plan/spec.ts";

export const partSize = 2048;

export const GradientNorm = kernel({
  operands: { gradients: input("P"), losses: input("N"), parts: scratch("S"), control: update(4) },
  attributes: { clip: "number", goesOn: "boolean" },
  flops: ({ P }) => 2 * P,
});
