// DEPT's own rules: what travels, what that saves, and the learning rate of a run.

export { type KnownAhead, shareOfStep, startAhead } from "./ahead.ts";
export { coordinatorLearns, deltasAreKept } from "./disclosure.ts";
export {
  abilities,
  canReview,
  canTakePart,
  declaresRows,
  deltaSize,
  type Exchange,
  exchangeFor,
  exchangeOf,
  formsOf,
  heldOf,
  isOneVocabulary,
  leavesOutRows,
  type Manifest,
  rowsOfDevice,
  type Section,
  sharesWords,
} from "./exchange.ts";
export { bytesInWords, type ModelSize, modelSize, sizeInWords } from "./model-size.ts";
export { bitsOf, putRows, type RowMap, rowMapFrom, rowMapOf, takeRows } from "./row-map.ts";
export { type LearningRateSettings, learningRate } from "./schedule.ts";
export {
  decodeSection,
  encodeSection,
  firstNumbers,
  inBody,
  isGiven,
  isTrained,
  wholeEmbedding,
  wordsSeed,
} from "./section-file.ts";
export { encodeStep, moved, withStep } from "./step.ts";
export { leastTextBytes, splitOf, vocabularySample } from "./texts.ts";
export {
  bodyBytes,
  type ParameterCounts,
  parameterCounts,
  type RoundTraffic,
  roundTraffic,
  standardBytes,
} from "./traffic.ts";
