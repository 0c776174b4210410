// Many deltas into one body: weights, the streaming mean, norms, the outer step. It knows only arrays.

export { type MeanAccumulator, meanAccumulator } from "./mean.ts";
export { cosine, deltaNorm } from "./norms.ts";
export { averaging, nesterov, type OuterOptimiser, type OuterStep } from "./outer.ts";
export { type Contribution, sourceWeights, type Weighting } from "./weights.ts";
