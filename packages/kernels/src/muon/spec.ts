// Muon for one matrix (Jordan et al. 2024), scaled as AdamW is (Liu et al. 2025, "Muon is scalable for LLM training",
// arXiv 2502.16982, section 2.2), in place.
//
// m <- mu m + g; u = g + mu m (Nesterov's momentum), where g is the gradient times the clip (control's third number; where
// that is 0 nothing moves); o = the nearest half-orthogonal matrix of u (newton-schulz);
// p <- p - lr (0.2 sqrt(max(M, N)) o + decay p). A half-orthogonal matrix has a root mean square of 1 / sqrt(max(M, N)),
// and AdamW's moves one of 0.2 to 0.4: so a learning rate and a decay that suit AdamW suit.
//
// The matrix is a block [M, N] of what stands in memory together [R, C], from `row` and `column` on: a kernel binds memory
// from multiples of 128 numbers on, and a block may begin anywhere.

import { settingsSize } from "../adamw/spec.ts";
import { input, kernel, output, partly, update } from "../plan/spec.ts";

/** y gets u. */
export const Momentum = kernel({
  operands: {
    gradient: partly(input("R", "C"), "M", "N"),
    moment: partly(update("R", "C"), "M", "N"),
    control: input(4),
    y: output("M", "N"),
  },
  attributes: { momentum: "number", row: "number", column: "number" },
  flops: ({ M, N }) => 5 * M * N,
});

export const Muon = kernel({
  operands: {
    update: input("M", "N"),
    control: input(4),
    settings: input(settingsSize),
    parameter: partly(update("R", "C"), "M", "N"),
  },
  attributes: { row: "number", column: "number", scale: "number", decays: "boolean" },
  flops: ({ M, N }, { decays }) => (decays ? 3 : 2) * M * N,
});
