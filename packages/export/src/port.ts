import type { Model } from "./model.ts";

/** Files by their path in the model's folder. */
export type ModelFiles = ReadonlyMap<string, Uint8Array>;

/** What a model can be written as: values in, files out [X1]. A format is a folder beside this file, and a line in formats.ts. */
export interface Format {
  /** As it is asked for on the command line. */
  readonly name: string;
  /** `card`: what the model says of itself, in Markdown. Equal models with equal cards have equal bytes. */
  files(model: Model, card: string): ModelFiles;
}
