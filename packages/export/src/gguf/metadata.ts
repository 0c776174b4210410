// What llama.cpp has to know beside the numbers: the architecture, and the tokenizer.

import { dimensions, type ModelConfig } from "@homebody/model";
import { endOfDocumentText, type Tokenizer } from "@homebody/text";
import type { Model } from "../model.ts";
import type { WeightType } from "../port.ts";
import { bool, f32, i32s, text, texts, u32, type Value } from "./container.ts";

/** llama.cpp's numbers of what most tensors of a file are. */
const fileTypes: Readonly<Record<WeightType, number>> = { f32: 0, f16: 1, q8_0: 7 };
/** Of the layout that quantised blocks have. */
const quantisationVersion = 2;
const tokenTypes = { normal: 1, control: 3, unused: 5 };

export function metadataOf(model: Model, weightType: WeightType): ReadonlyMap<string, Value> {
  const { config, tokenizer, provenance } = model;
  return new Map([
    ["general.architecture", text(config.model_type)],
    ["general.type", text("model")],
    ["general.name", text(provenance.run_name ?? "Homebody")],
    ["general.file_type", u32(fileTypes[weightType])],
    ["general.quantization_version", u32(quantisationVersion)],
    ...architecture(config),
    ...vocabulary(tokenizer, config.vocab_size),
    ...Object.keys(provenance)
      .sort()
      .map((key): [string, Value] => [`homebody.${key}`, text(provenance[key]!)]),
  ]);
}

function architecture(config: ModelConfig): readonly [string, Value][] {
  const { layers, width, heads, kvHeads, headSize, hidden, context, epsilon } = dimensions(config);
  const own: [string, Value][] =
    config.model_type === "gpt2"
      ? [["attention.layer_norm_epsilon", f32(epsilon)]]
      : [
          ["attention.head_count_kv", u32(kvHeads)],
          ["attention.layer_norm_rms_epsilon", f32(epsilon)],
          ["rope.dimension_count", u32(headSize)],
          ["rope.freq_base", f32(config.rope_theta)],
          ["vocab_size", u32(config.vocab_size)],
        ];
  const all: [string, Value][] = [
    ["context_length", u32(context)],
    ["embedding_length", u32(width)],
    ["block_count", u32(layers)],
    ["feed_forward_length", u32(hidden)],
    ["attention.head_count", u32(heads)],
    ...own,
  ];
  return all.map(([key, value]) => [`${config.model_type}.${key}`, value]);
}

/** llama.cpp has a token for every row: rows that the tokenizer has none for are unused ones. */
function vocabulary(tokenizer: Tokenizer, rows: number): readonly [string, Value][] {
  const { vocab, merges } = JSON.parse(tokenizer.toJson()).model as {
    readonly vocab: Readonly<Record<string, number>>;
    readonly merges: readonly (readonly [string, string])[];
  };
  const { vocabularySize, endOfDocument } = tokenizer;
  const names = Array.from({ length: rows }, (_, id) => `[PAD${id}]`);
  for (const [name, id] of Object.entries(vocab)) names[id] = name;
  const kinds = names.map((_, id) => (id < vocabularySize ? tokenTypes.normal : tokenTypes.unused));
  names[endOfDocument] = endOfDocumentText;
  kinds[endOfDocument] = tokenTypes.control;
  return [
    ["tokenizer.ggml.model", text("gpt2")],
    ["tokenizer.ggml.pre", text("gpt-2")],
    ["tokenizer.ggml.tokens", texts(names)],
    ["tokenizer.ggml.token_type", i32s(kinds)],
    ["tokenizer.ggml.merges", texts(merges.map(([left, right]) => `${left} ${right}`))],
    ["tokenizer.ggml.bos_token_id", u32(endOfDocument)],
    ["tokenizer.ggml.eos_token_id", u32(endOfDocument)],
    // As the sampler begins: every document that was learnt from began after the end of another one.
    ["tokenizer.ggml.add_bos_token", bool(true)],
    ["tokenizer.ggml.add_eos_token", bool(false)],
    ["tokenizer.ggml.add_space_prefix", bool(false)],
  ];
}
