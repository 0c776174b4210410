// Softmax cross-entropy with ignored positions: share * -ln p(target) in each row, 0 where the target is below 0.
//
// The share, 1 / how many targets count, is the first number of `settings`: the only one that differs from batch to
// batch. Where `gradient` is wanted it takes the place of the logits: share * (softmax - one-hot), so a slice of rows is
// all that is ever in memory of them (the head, in packages/model).

import { settingsSize } from "../adamw/spec.ts";
import { accumulated, input, integers, kernel, updatedWhere } from "../plan/spec.ts";

export const CrossEntropy = kernel({
  operands: {
    targets: integers("N"),
    settings: input(settingsSize),
    losses: accumulated("N"),
    logits: updatedWhere("gradient", "N", "V"),
  },
  attributes: { gradient: "boolean", accumulate: "boolean" },
  flops: ({ N, V }, { gradient }) => (gradient ? 7 : 4) * N * V,
});
