// What a model is: Hugging Face's own config, made from one dial (from a file: hugging-face.ts).
//
// The dial is depth: width = 64 x depth, heads of 64, a hidden layer of 4 x width (gpt2) or 8/3 x width rounded up to
// a multiple of 32 (llama). Each dimension can be overridden; what is left follows from the others.
// Pure: the coordinator reads shapes from here without an engine.

import { InputError } from "@homebody/base";

export interface Gpt2Config {
  readonly model_type: "gpt2";
  readonly architectures: readonly ["GPT2LMHeadModel"];
  readonly vocab_size: number;
  readonly n_positions: number;
  readonly n_embd: number;
  readonly n_layer: number;
  readonly n_head: number;
  readonly n_inner: number;
  readonly activation_function: "gelu_new";
  readonly layer_norm_epsilon: number;
  readonly initializer_range: number;
  readonly tie_word_embeddings: boolean;
}

export interface LlamaConfig {
  readonly model_type: "llama";
  readonly architectures: readonly ["LlamaForCausalLM"];
  readonly vocab_size: number;
  readonly hidden_size: number;
  readonly intermediate_size: number;
  readonly num_hidden_layers: number;
  readonly num_attention_heads: number;
  readonly num_key_value_heads: number;
  readonly hidden_act: "silu";
  readonly max_position_embeddings: number;
  readonly rms_norm_eps: number;
  readonly rope_theta: number;
  readonly initializer_range: number;
  readonly tie_word_embeddings: boolean;
}

export type ModelConfig = Gpt2Config | LlamaConfig;

/** The `model` part of a run file. */
export interface ModelDial {
  readonly family: "gpt2" | "llama";
  readonly depth: number;
  readonly context: number;
  readonly overrides?:
    | {
        readonly width?: number | undefined;
        readonly heads?: number | undefined;
        readonly kvHeads?: number | undefined;
        readonly hidden?: number | undefined;
        readonly tied?: boolean | undefined;
        readonly ropeTheta?: number | undefined;
        readonly normEpsilon?: number | undefined;
      }
    | undefined;
}

/** The same for both families, in our words. */
export interface Dimensions {
  readonly layers: number;
  readonly width: number;
  readonly heads: number;
  readonly kvHeads: number;
  readonly headSize: number;
  readonly hidden: number;
  readonly context: number;
  readonly vocabulary: number;
  readonly tied: boolean;
  readonly epsilon: number;
}

/** Deviation of first values. */
export const initializerRange = 0.02;

export function modelConfig(dial: ModelDial, vocabulary: number): ModelConfig {
  const { family, depth, context, overrides = {} } = dial;
  const width = overrides.width ?? 64 * depth;
  const heads = overrides.heads ?? headsFor(width);
  const tied = overrides.tied ?? true;
  const epsilon = overrides.normEpsilon ?? 1e-5;
  if (family === "gpt2") {
    if (overrides.kvHeads !== undefined && overrides.kvHeads !== heads)
      throw new InputError(
        "model.overrides.kvHeads",
        `${heads}, as heads, in a gpt2`,
        `${overrides.kvHeads}`,
      );
    if (overrides.ropeTheta !== undefined)
      throw new InputError("model.overrides.ropeTheta", "nothing in a gpt2", `${overrides.ropeTheta}`);
    return checked({
      model_type: "gpt2",
      architectures: ["GPT2LMHeadModel"],
      vocab_size: vocabulary,
      n_positions: context,
      n_embd: width,
      n_layer: depth,
      n_head: heads,
      n_inner: overrides.hidden ?? 4 * width,
      activation_function: "gelu_new",
      layer_norm_epsilon: epsilon,
      initializer_range: initializerRange,
      tie_word_embeddings: tied,
    });
  }
  return checked({
    model_type: "llama",
    architectures: ["LlamaForCausalLM"],
    vocab_size: vocabulary,
    hidden_size: width,
    intermediate_size: overrides.hidden ?? 32 * Math.ceil((8 * width) / 3 / 32),
    num_hidden_layers: depth,
    num_attention_heads: heads,
    num_key_value_heads: overrides.kvHeads ?? heads,
    hidden_act: "silu",
    max_position_embeddings: context,
    rms_norm_eps: epsilon,
    rope_theta: overrides.ropeTheta ?? 10_000,
    initializer_range: initializerRange,
    tie_word_embeddings: tied,
  });
}

export function dimensions(config: ModelConfig): Dimensions {
  const gpt2 = config.model_type === "gpt2";
  const width = gpt2 ? config.n_embd : config.hidden_size;
  const heads = gpt2 ? config.n_head : config.num_attention_heads;
  return {
    layers: gpt2 ? config.n_layer : config.num_hidden_layers,
    width,
    heads,
    kvHeads: gpt2 ? heads : config.num_key_value_heads,
    headSize: width / heads,
    hidden: gpt2 ? config.n_inner : config.intermediate_size,
    context: gpt2 ? config.n_positions : config.max_position_embeddings,
    vocabulary: config.vocab_size,
    tied: config.tie_word_embeddings,
    epsilon: gpt2 ? config.layer_norm_epsilon : config.rms_norm_eps,
  };
}

/** As many heads of about 64 as divide the width. */
function headsFor(width: number): number {
  let heads = Math.max(1, Math.round(width / 64));
  while (width % heads !== 0) heads -= 1;
  return heads;
}

/** Throws where attention or RoPE would have no whole heads. */
export function checked<T extends ModelConfig>(config: T): T {
  const { width, heads, kvHeads, headSize } = dimensions(config);
  if (width % heads !== 0)
    throw new InputError("model: heads", `a divisor of the width ${width}`, `${heads}`);
  if (heads % kvHeads !== 0)
    throw new InputError("model: kvHeads", `a divisor of the heads ${heads}`, `${kvHeads}`);
  if (config.model_type === "llama" && headSize % 2 !== 0)
    throw new InputError("model: width / heads", "an even number, for RoPE", `${headSize}`);
  return config;
}
