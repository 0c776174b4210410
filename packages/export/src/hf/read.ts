// A model folder of Hugging Face's form, read: what this format writes, and what others write of the same two families [X5] [X20].

import { InputError } from "@homebody/base";
import type { Parameters } from "@homebody/experiment/parameters";
import { configFromHuggingFace, dropoutIn, groups, type ModelConfig } from "@homebody/model";
import { decodeUtf8, type Tokenizer, tokenizerFromJson } from "@homebody/text";
import type { Model } from "../model.ts";
import { type ModelFolder, readJson } from "./model-folder.ts";
import { readModelWeights } from "./read-weights.ts";

export interface ModelFolderConfig {
  readonly config: ModelConfig;
  /** What it asks of training and no training here does: `resid_pdrop 0.1`. */
  readonly dropout: readonly string[];
}

/** Throws an InputError that says which file is wrong, and where. */
export async function readModel(folder: ModelFolder): Promise<Model> {
  const { config } = await readModelConfig(folder);
  const tokenizer = await readModelTokenizer(folder, config);
  const { parameters, metadata } = await readModelWeights(folder, config, groups);
  return { config, parameters: parameters as Parameters, tokenizer, provenance: metadata };
}

export async function readModelConfig(folder: ModelFolder): Promise<ModelFolderConfig> {
  const json = await readJson(folder, "config.json");
  return { config: configFromHuggingFace(json), dropout: dropoutIn(json) };
}

/** Throws an InputError unless it is of the one kind that is read here, with a row of the embedding for each token. */
export async function readModelTokenizer(folder: ModelFolder, config: ModelConfig): Promise<Tokenizer> {
  const where = `${folder.where}, tokenizer.json`;
  const tokenizer = tokenizerFromJson(decodeUtf8(where, await folder.read("tokenizer.json")), where);
  const { vocabularySize } = tokenizer;
  if (vocabularySize <= config.vocab_size) return tokenizer;
  throw new InputError(
    where,
    `at most ${config.vocab_size} tokens, the config's vocab_size`,
    `${vocabularySize}`,
  );
}
