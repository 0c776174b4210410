// Many deltas into one body, section by section: weights, the streaming mean, norms, the outer step. It knows only
// arrays and their rows.

export { type Clip, type Clippable, clips, lowerMedian, type TensorSquares } from "./clipping.ts";
export {
  type Holding,
  type Mean,
  type MeanOfHoldings,
  rowsOf,
  type SectionMean,
  sectionMean,
} from "./mean.ts";
export {
  canonicalise,
  cosine,
  cosineToOthers,
  type Extent,
  largestOf,
  normOf,
  type PartOfMean,
} from "./norms.ts";
export {
  averaging,
  keepRows,
  nesterov,
  type OuterOptimiser,
  type OuterSettings,
  type OuterStep,
  outerOptimiser,
  outerStep,
} from "./outer.ts";
export { combinationOf, needsDistances, type RobustSettings, type Say } from "./robust/average.ts";
export { type Combination, type Combined, combine } from "./robust/combine.ts";
export { type Distances, distances } from "./robust/distances.ts";
export { groupsOf, mostInGroup } from "./robust/groups.ts";
export { evenFactors } from "./robust/lengths.ts";
export { piecesOf, type Slice } from "./robust/slice.ts";
export { type Contribution, sourceWeights, type Weighting } from "./weights.ts";
