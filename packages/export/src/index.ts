// A trained model as files that other tools read. Rules are numbered in ../RULES.md.

export { type AdaptedOnCard, adaptedCard } from "./card/adapted-card.ts";
export { type RunOnCard, runCard, type WordsOnCard } from "./card/run-card.ts";
export { formats } from "./formats.ts";
export { gguf } from "./gguf/index.ts";
export { hf } from "./hf/index.ts";
export { decodeModel, type ModelFile, modelFiles } from "./hf/read.ts";
export type { Model } from "./model.ts";
export { onnx } from "./onnx/index.ts";
export type { Format, ModelFiles, WeightType } from "./port.ts";
