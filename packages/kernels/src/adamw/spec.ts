// AdamW with decoupled decay (Loshchilov and Hutter 2019, algorithm 2), over P numbers side by side, in place.
//
// m <- b1 m + (1 - b1) g; v <- b2 v + (1 - b2) g²; p <- p - lr (m' / (sqrt(v') + epsilon) + decay p), where g is the
// gradient times the clip (control's third number; where that is 0 nothing moves), and m', v' are m, v over 1 - b1^t,
// 1 - b2^t. What changes from step to step is in `settings`: see stepSettings.

import { input, kernel, update } from "../plan/spec.ts";

export const settingsSize = 8;

export const AdamW = kernel({
  operands: {
    gradient: input("P"),
    control: input(4),
    settings: input(settingsSize),
    parameter: update("P"),
    first: update("P"),
    second: update("P"),
  },
  attributes: { beta1: "number", beta2: "number", epsilon: "number", decays: "boolean" },
  flops: ({ P }, { decays }) => (decays ? 15 : 14) * P,
});
