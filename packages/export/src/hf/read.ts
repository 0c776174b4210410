// A model folder of this format, read again: those of its files that a model is made of.

import { decodeSafetensors, float32Tensors, InputError } from "@homebody/base";
import { requireParameters, takeTensors } from "@homebody/experiment";
import { configFromHuggingFace, type Group, groupLayout, type ModelConfig } from "@homebody/model";
import { decodeUtf8, tokenizerFromJson } from "@homebody/text";
import type { Model } from "../model.ts";

export const modelFiles = ["config.json", "model.safetensors", "tokenizer.json"] as const;
export type ModelFile = (typeof modelFiles)[number];

/** Throws an InputError that says which file is wrong, and where; `where` is the place that they have in common. */
export function decodeModel(files: Readonly<Record<ModelFile, Uint8Array>>, where: string): Model {
  const at = (file: ModelFile) => `${where}, ${file}`;
  const text = (file: ModelFile) => decodeUtf8(at(file), files[file]);
  const config = readConfig(text("config.json"), at("config.json"));
  const file = decodeSafetensors(files["model.safetensors"], at("model.safetensors"));
  const { format: _format, ...provenance } = file.metadata;
  const tokenizer = tokenizerFromJson(text("tokenizer.json"), at("tokenizer.json"));
  if (tokenizer.vocabularySize > config.vocab_size)
    throw new InputError(
      at("tokenizer.json"),
      `at most ${config.vocab_size} tokens, the config's vocab_size`,
      `${tokenizer.vocabularySize}`,
    );
  const named = float32Tensors(file);
  const group = (name: Group) => {
    const tensors = takeTensors(named, groupLayout(config, name), at("model.safetensors"));
    requireParameters(config, name, tensors, at("model.safetensors"));
    return tensors;
  };
  return {
    config,
    parameters: { theta: group("theta"), phi: group("phi"), psi: group("psi") },
    tokenizer,
    provenance,
  };
}

function readConfig(json: string, where: string): ModelConfig {
  let value: unknown;
  try {
    value = JSON.parse(json);
  } catch (error) {
    throw new InputError(where, "JSON", (error as Error).message);
  }
  return configFromHuggingFace(value);
}
