// A config.json of Hugging Face's: read with the defaults that its classes have where it is silent, and turned into the dial of
// a run file. What would make another model of the same numbers is refused; what only training would do is said.

import { InputError } from "@homebody/base";
import {
  checked,
  dimensions,
  type Gpt2Config,
  initializerRange,
  type LlamaConfig,
  type ModelConfig,
  type ModelDial,
} from "./config.ts";

/** Throws an InputError that names the key, where it is not a model that is computed here. */
export function configFromHuggingFace(json: unknown): ModelConfig {
  if (typeof json !== "object" || json === null)
    throw new InputError("config", "an object", JSON.stringify(json) ?? String(json));
  const given = keysOf(json as Readonly<Record<string, unknown>>);
  const { model_type: family } = given.all;
  if (family !== "gpt2" && family !== "llama")
    throw new InputError("config.model_type", "gpt2 or llama", shown(family));
  given.only("quantization_config", []);
  given.only("tie_word_embeddings", [true, false]);
  return family === "gpt2" ? gpt2Config(given) : llamaConfig(given);
}

function gpt2Config({ all, number, only }: Keys): Gpt2Config {
  only("activation_function", ["gelu_new", "gelu_pytorch_tanh"]);
  only("scale_attn_by_inverse_layer_idx", [false]);
  only("scale_attn_weights", [true]);
  only("add_cross_attention", [false]);
  const width = number("n_embd", 768);
  return checked({
    model_type: "gpt2",
    architectures: ["GPT2LMHeadModel"],
    vocab_size: number("vocab_size", 50257),
    n_positions: number("n_positions", 1024),
    n_embd: width,
    n_layer: number("n_layer", 12),
    n_head: number("n_head", 12),
    n_inner: number("n_inner", 4 * width),
    activation_function: "gelu_new",
    layer_norm_epsilon: number("layer_norm_epsilon", 1e-5),
    initializer_range: number("initializer_range", initializerRange),
    tie_word_embeddings: (all.tie_word_embeddings as boolean | undefined) ?? true,
  });
}

function llamaConfig({ all, number, only }: Keys): LlamaConfig {
  only("hidden_act", ["silu"]);
  only("attention_bias", [false]);
  only("mlp_bias", [false]);
  only("sliding_window", []);
  const heads = number("num_attention_heads", 32);
  const width = number("hidden_size", 4096);
  only("head_dim", [width / heads]);
  return checked({
    model_type: "llama",
    architectures: ["LlamaForCausalLM"],
    vocab_size: number("vocab_size", 32000),
    hidden_size: width,
    intermediate_size: number("intermediate_size", 11008),
    num_hidden_layers: number("num_hidden_layers", 32),
    num_attention_heads: heads,
    num_key_value_heads: number("num_key_value_heads", heads),
    hidden_act: "silu",
    max_position_embeddings: number("max_position_embeddings", 2048),
    rms_norm_eps: number("rms_norm_eps", 1e-6),
    rope_theta: ropeBase(all, number),
    initializer_range: number("initializer_range", initializerRange),
    tie_word_embeddings: (all.tie_word_embeddings as boolean | undefined) ?? false,
  });
}

/** Newer files have rotary settings in one object. Positions that are scaled would be other positions. */
function ropeBase(all: Keys["all"], number: Keys["number"]): number {
  for (const key of ["rope_scaling", "rope_parameters"]) {
    const settings = (all[key] ?? {}) as Readonly<Record<string, unknown>>;
    const kind = settings.rope_type ?? settings.type ?? "default";
    if (kind !== "default")
      throw new InputError(`config.${key}`, "positions that are not scaled", shown(kind));
  }
  const { rope_theta: base } = (all.rope_parameters ?? {}) as { readonly rope_theta?: unknown };
  return typeof base === "number" ? base : number("rope_theta", 10_000);
}

interface Keys {
  readonly all: Readonly<Record<string, unknown>>;
  number(key: string, otherwise: number): number;
  /** One of these, or nothing. */
  only(key: string, allowed: readonly unknown[]): void;
}

function keysOf(all: Keys["all"]): Keys {
  return {
    all,
    number: (key, otherwise) => {
      const value = all[key] ?? otherwise;
      if (typeof value === "number" && Number.isFinite(value)) return value;
      throw new InputError(`config.${key}`, "a number", shown(value));
    },
    only: (key, allowed) => {
      const value = all[key];
      if (value === undefined || value === null || allowed.includes(value)) return;
      throw new InputError(`config.${key}`, allowed.map(shown).join(" or ") || "nothing", shown(value));
    },
  };
}

const shown = (value: unknown) => JSON.stringify(value) ?? "nothing";

const dropouts = ["attn_pdrop", "embd_pdrop", "resid_pdrop", "attention_dropout"];

/** What a config.json asks of training and no training here does: `resid_pdrop 0.1`. */
export function dropoutIn(json: unknown): readonly string[] {
  const given = json as Readonly<Record<string, unknown>>;
  return dropouts.filter((key) => Number(given[key]) > 0).map((key) => `${key} ${given[key]}`);
}

/** The dial of this model, everything said: its config is the same again, up to the deviation of first values. */
export function dialOf(config: ModelConfig): ModelDial {
  const { layers, width, heads, kvHeads, hidden, context, tied, epsilon } = dimensions(config);
  const ofLlama = config.model_type === "llama" ? { ropeTheta: config.rope_theta } : {};
  return {
    family: config.model_type,
    depth: layers,
    context,
    overrides: { width, heads, kvHeads, hidden, tied, normEpsilon: epsilon, ...ofLlama },
  };
}
