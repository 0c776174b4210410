// Training and measures over a trainer that need no coordinator: in a browser and on the command line alike.

export {
  type AdaptProgress,
  type AdaptSettings,
  adapt,
  adaptingOptions,
  adaptingRate,
  beginningOf,
  type Cancel,
  randomBody,
  requireText,
} from "./adapt.ts";
export { type CompareProgress, compare } from "./compare.ts";
export { evaluateHeldOut } from "./held-out.ts";
export {
  firstParameters,
  loadParameters,
  type Parameters,
  readParameters,
  requireParameters,
} from "./parameters.ts";
