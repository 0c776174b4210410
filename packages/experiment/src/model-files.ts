// A trained model as files, exactly as Hugging Face's libraries have them: config.json, model.safetensors and
// tokenizer.json. Where they are kept (a folder, a download) is not known here.

import {
  decodeSafetensors,
  encodeSafetensorsFile,
  float32Tensors,
  InputError,
  namedTensors,
  type SafetensorsEntry,
  slotView,
  type TensorLayout,
} from "@homebody/base";
import { configFromHuggingFace, type Group, groupLayout, groups, type ModelConfig } from "@homebody/model";
import { decodeUtf8, type Tokenizer, tokenizerFromJson } from "@homebody/text";
import { type Parameters, requireParameters } from "./parameters.ts";

export interface Model {
  readonly config: ModelConfig;
  readonly parameters: Parameters;
  readonly tokenizer: Tokenizer;
  /** Where it comes from, in the metadata of the safetensors file: `run`, `body_id`, `text`, ... */
  readonly provenance: Readonly<Record<string, string>>;
}

export const modelFiles = ["config.json", "model.safetensors", "tokenizer.json"] as const;
export type ModelFile = (typeof modelFiles)[number];

/** Equal models have equal bytes. */
export function encodeModel(model: Model): Readonly<Record<ModelFile, Uint8Array>> {
  const { config, parameters, tokenizer, provenance } = model;
  const utf8 = new TextEncoder();
  const { endOfDocument } = tokenizer;
  const json = {
    ...config,
    torch_dtype: "float32",
    bos_token_id: endOfDocument,
    eos_token_id: endOfDocument,
  };
  const tensors = new Map<string, SafetensorsEntry>();
  for (const group of groups)
    for (const slot of parameters[group].layout.slots)
      tensors.set(slot.name, { shape: slot.shape, data: slotView(parameters[group], slot) });
  return {
    "config.json": utf8.encode(`${JSON.stringify(json, null, 2)}\n`),
    // `format: pt` is what Hugging Face's loaders look for.
    "model.safetensors": encodeSafetensorsFile({ metadata: { format: "pt", ...provenance }, tensors }),
    "tokenizer.json": utf8.encode(tokenizer.toJson()),
  };
}

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

/**
 * The tensors of a layout, by name, from a file's. Names may stand under the name of their group (`phi/...`), as a
 * volunteer keeps them. Throws an InputError that names one that is missing or has another shape.
 */
export function takeTensors(
  from: ReturnType<typeof float32Tensors>,
  layout: TensorLayout,
  where: string,
  group?: Group,
) {
  const found = namedTensors(layout);
  const slots = new Map(from.layout.slots.map((slot) => [slot.name, slot]));
  for (const { name, shape, offset } of layout.slots) {
    const slot = slots.get(name) ?? (group && slots.get(`${group}/${name}`));
    const shown = (one: { readonly shape: readonly number[] }) => `[${one.shape.join(", ")}]`;
    if (slot === undefined || shown(slot) !== shown({ shape }))
      throw new InputError(`${where}, tensor ${name}`, shown({ shape }), slot ? shown(slot) : "nothing");
    found.data.set(slotView(from, slot), offset);
  }
  return found;
}
