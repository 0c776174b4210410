import type { FormatName } from "./format-names.ts";
import type { Model } from "./model.ts";

/** Files by their path in the model's folder. */
export type ModelFiles = ReadonlyMap<string, Uint8Array>;

/** How weights are written: as they were trained; rounded to half precision; as 32 whole numbers of 8 bits with a scale of their own. */
export type WeightType = "f32" | "f16" | "q8_0";

/** What a model can be written as: values in, files out [X1]. A format is a folder beside this file, a name in format-names.ts and its place in formats.ts. */
export interface Format {
  /** As it is asked for on the command line. */
  readonly name: FormatName;
  /** Those that it can have; the first, unless another one is asked for. */
  readonly weightTypes: readonly [WeightType, ...WeightType[]];
  /** What loads it, in the words of Hugging Face's pages (`library_name`). */
  readonly library: string;
  /** How it is loaded, in Markdown: for the card. */
  readonly use: string;
  /** `card`: what the model says of itself, in Markdown. Equal models with equal cards have equal bytes. */
  files(model: Model, card: string, weightType?: WeightType): ModelFiles;
}
