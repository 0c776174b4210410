// Training and measures over a trainer that need no coordinator: in a browser and on the command line alike.

export {
  type AdaptingTrainer,
  type AdaptProgress,
  type AdaptSettings,
  adapt,
  adaptingOptions,
  adaptingRate,
  beginningOf,
  randomBody,
  requireText,
} from "./adapt.ts";
export { type CachedModel, cachedModel } from "./cached-model.ts";
export { type CompareProgress, compare } from "./compare.ts";
export { type Curve, type CurvePoint, type HeadStart, headStart, reachedAfter } from "./head-start.ts";
export { evaluateHeldOut } from "./held-out.ts";
export { perplexity, unigramNormalised } from "./measures/loss.ts";
export { lostBytes, withLost } from "./measures/lost.ts";
export { type Accuracy, accuracyOf, type Pair, pairAccuracy } from "./measures/pairs.ts";
export { type PairOptions, pairsFromText } from "./measures/pairs-from-text.ts";
export { type ParallelScore, parallelBits } from "./measures/parallel.ts";
export { bitsOfText, type Scorer, scorerOf } from "./measures/scorer.ts";
export { type MixtureOptions, type MixtureSource, mixture, mixtureShares } from "./mixture.ts";
export { type MixtureText, type MixtureTextOptions, mixtureText } from "./mixture-text.ts";
export {
  firstParameters,
  loadParameters,
  type Parameters,
  readParameters,
  requireParameters,
  takeTensors,
} from "./parameters.ts";
export { type StandardSettings, standard } from "./standard.ts";
export { type Cancel, type StepMade, type Steps, trainSteps } from "./training.ts";
export {
  leastTrialMs,
  leastTrialSteps,
  planTrial,
  type TrialPlan,
  type TrialSpeed,
  trialBatch,
  trialBudget,
  trialLimitMs,
  trialVocabulary,
} from "./trial-plan.ts";
export { drawRows, writtenRows } from "./written-rows.ts";
