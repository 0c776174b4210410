// Training and measures over a trainer that need no coordinator: in a browser and on the command line alike.

export {
  type AdaptingTrainer,
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
  decodeModel,
  encodeModel,
  type Model,
  type ModelFile,
  modelFiles,
  takeTensors,
} from "./model-files.ts";
export {
  firstParameters,
  loadParameters,
  type Parameters,
  readParameters,
  requireParameters,
} from "./parameters.ts";
