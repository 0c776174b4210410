// A trained model as files that other tools read. Rules are numbered in ../RULES.md.

export { type AdaptedOnCard, adaptedCard } from "./card/adapted-card.ts";
export { type RunOnCard, runCard, type WordsOnCard } from "./card/run-card.ts";
export { type DeviceModel, modelOfDevice } from "./device.ts";
export { formats } from "./formats.ts";
export { gguf } from "./gguf/index.ts";
export { hf } from "./hf/index.ts";
export type { ModelFolder } from "./hf/model-folder.ts";
export {
  type ModelFolderConfig,
  readModel,
  readModelConfig,
  readModelTokenizer,
} from "./hf/read.ts";
export { type ModelFolderWeights, readModelWeights } from "./hf/read-weights.ts";
export { type Model, provenanceOf } from "./model.ts";
export { onnx } from "./onnx/index.ts";
export type { Format, ModelFiles, WeightType } from "./port.ts";
