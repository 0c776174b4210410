import { expect, test } from "vitest";
import { modelConfig } from "./config.ts";
import { configFromHuggingFace, dialOf, dropoutIn } from "./hugging-face.ts";

test("a config.json of Hugging Face's is read with its defaults", () => {
  expect(configFromHuggingFace({ model_type: "gpt2" })).toMatchObject({
    n_layer: 12,
    n_inner: 3072,
    vocab_size: 50257,
    tie_word_embeddings: true,
  });
  expect(configFromHuggingFace({ model_type: "llama", rope_scaling: null })).toMatchObject({
    num_hidden_layers: 32,
    num_key_value_heads: 32,
    rope_theta: 10_000,
    tie_word_embeddings: false,
  });
});

test("the rotary base stands by itself, or with the other rotary settings", () => {
  const base = (keys: object) =>
    (configFromHuggingFace({ model_type: "llama", ...keys }) as { rope_theta: number }).rope_theta;
  expect(base({ rope_theta: 5e5, rope_scaling: { rope_type: "default" } })).toBe(5e5);
  expect(base({ rope_parameters: { rope_type: "default", rope_theta: 1e5 } })).toBe(1e5);
});

test.each([
  [{ model_type: "bert" }, 'config.model_type: expected gpt2 or llama, got "bert"'],
  [
    { model_type: "llama", rope_scaling: { type: "linear" } },
    "config.rope_scaling: expected positions that are not scaled",
  ],
  [
    { model_type: "llama", rope_parameters: { rope_type: "llama3" } },
    'config.rope_parameters: expected positions that are not scaled, got "llama3"',
  ],
  [{ model_type: "llama", sliding_window: 4096 }, "config.sliding_window: expected nothing, got 4096"],
  [{ model_type: "llama", attention_bias: true }, "config.attention_bias: expected false, got true"],
  [{ model_type: "llama", hidden_act: "gelu" }, 'config.hidden_act: expected "silu", got "gelu"'],
  [
    { model_type: "llama", hidden_size: 64, num_attention_heads: 4, head_dim: 32 },
    "config.head_dim: expected 16, got 32",
  ],
  [
    { model_type: "gpt2", activation_function: "relu" },
    'config.activation_function: expected "gelu_new" or "gelu_pytorch_tanh"',
  ],
  [{ model_type: "gpt2", quantization_config: { bits: 4 } }, "config.quantization_config: expected nothing"],
  [{ model_type: "gpt2", n_layer: "12" }, 'config.n_layer: expected a number, got "12"'],
])("%j is not computed here, and the key says so", (json, sentence) => {
  expect(() => configFromHuggingFace(json)).toThrow(sentence);
});

test("dropout is said", () => {
  expect(dropoutIn({ attn_pdrop: 0.1, resid_pdrop: 0, attention_dropout: null })).toEqual(["attn_pdrop 0.1"]);
});

test("the dial of a config is a run file's model, and says it all", () => {
  const kinds = [
    {
      model_type: "gpt2",
      n_embd: 96,
      n_head: 6,
      n_layer: 3,
      n_positions: 40,
      n_inner: 100,
      layer_norm_epsilon: 1e-6,
    },
    { model_type: "gpt2", n_inner: null, n_embd: 64, n_head: 2, tie_word_embeddings: false },
    { model_type: "llama", hidden_size: 64, num_attention_heads: 4, num_key_value_heads: 2, rope_theta: 500 },
    {
      model_type: "llama",
      hidden_size: 48,
      num_attention_heads: 2,
      intermediate_size: 70,
      tie_word_embeddings: true,
    },
  ];
  for (const json of kinds) {
    const config = configFromHuggingFace({ ...json, vocab_size: 300 });
    expect(modelConfig(dialOf(config), 300)).toEqual(config);
  }
});
