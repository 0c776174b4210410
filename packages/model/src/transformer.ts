// The whole transformer, forward. N = B * T rows, C the width, H heads, V the vocabulary.
//
// gpt2 (Radford et al. 2019): learned positions, LayerNorm before each block, biases, GELU.
// llama (Touvron et al. 2023): RoPE, RMSNorm, SwiGLU, grouped key-value heads, no biases.
// Both pre-norm with residuals; the head is the token embedding again where it is tied. Gradients come from the ops.

import {
  causalAttention,
  embedding,
  gelu,
  layerNorm,
  matmul,
  type RopeTables,
  rmsNorm,
  rope,
  swiglu,
} from "@homebody/kernels";
import * as tf from "@tensorflow/tfjs";
import { dimensions, type Gpt2Config, type LlamaConfig, type ModelConfig } from "./config.ts";

/** Parameters by Hugging Face's names. */
export type Weights = (name: string) => tf.Tensor;

export interface Inputs {
  readonly ids: tf.Tensor1D; // [N] int32
  readonly batch: number;
  /** gpt2: 0..T-1 for each row of the batch, [N] int32. */
  readonly positions: tf.Tensor1D;
  /** llama: for this context. */
  readonly tables: RopeTables | null;
}

/** The last hidden state after its norm: [N, C]. */
export function hiddenStates(config: ModelConfig, weights: Weights, inputs: Inputs): tf.Tensor2D {
  return config.model_type === "gpt2"
    ? gpt2States(config, weights, inputs)
    : llamaStates(config, weights, inputs);
}

/** [N, V] from hidden states [N, C]. */
export function headLogits(config: ModelConfig, weights: Weights, states: tf.Tensor2D): tf.Tensor2D {
  const table = config.model_type === "gpt2" ? "transformer.wte.weight" : "model.embed_tokens.weight";
  const head = config.tie_word_embeddings ? table : "lm_head.weight";
  return matmul(states, weights(head) as tf.Tensor2D, false, true);
}

function gpt2States(config: Gpt2Config, weights: Weights, inputs: Inputs): tf.Tensor2D {
  const { layers, heads, width, epsilon } = dimensions(config);
  const shape = { batch: inputs.batch, heads, kvHeads: heads };
  const matrix = (name: string) => weights(name) as tf.Tensor2D;
  const vector = (name: string) => weights(name) as tf.Tensor1D;
  const linear = (x: tf.Tensor2D, name: string) =>
    matmul(x, matrix(`${name}.weight`), false, false, vector(`${name}.bias`));
  const norm = (x: tf.Tensor2D, name: string) =>
    layerNorm(x, vector(`${name}.weight`), vector(`${name}.bias`), epsilon);

  let x = tf.add(
    embedding(inputs.ids, matrix("transformer.wte.weight")),
    embedding(inputs.positions, matrix("transformer.wpe.weight")),
  ) as tf.Tensor2D; // [N, C]
  for (let layer = 0; layer < layers; layer++) {
    const at = `transformer.h.${layer}`;
    const qkv = linear(norm(x, `${at}.ln_1`), `${at}.attn.c_attn`); // [N, 3C]
    const part = (i: number) => tf.slice(qkv, [0, i * width], [-1, width]);
    const attended = causalAttention(part(0), part(1), part(2), shape); // [N, C]
    x = tf.add(x, linear(attended, `${at}.attn.c_proj`));
    const hidden = gelu(linear(norm(x, `${at}.ln_2`), `${at}.mlp.c_fc`)); // [N, 4C]
    x = tf.add(x, linear(hidden, `${at}.mlp.c_proj`));
  }
  return norm(x, "transformer.ln_f");
}

function llamaStates(config: LlamaConfig, weights: Weights, inputs: Inputs): tf.Tensor2D {
  const { layers, heads, kvHeads, epsilon } = dimensions(config);
  const shape = { batch: inputs.batch, heads, kvHeads };
  const { tables } = inputs;
  if (tables === null) throw new Error("llama: expected tables of RoPE, got none");
  const linear = (x: tf.Tensor2D, name: string) =>
    matmul(x, weights(`${name}.weight`) as tf.Tensor2D, false, true);
  const norm = (x: tf.Tensor2D, name: string) =>
    rmsNorm(x, weights(`${name}.weight`) as tf.Tensor1D, epsilon);

  let x = embedding(inputs.ids, weights("model.embed_tokens.weight") as tf.Tensor2D); // [N, C]
  for (let layer = 0; layer < layers; layer++) {
    const at = `model.layers.${layer}`;
    const seen = norm(x, `${at}.input_layernorm`);
    const q = rope(linear(seen, `${at}.self_attn.q_proj`), tables, heads); // [N, C]
    const k = rope(linear(seen, `${at}.self_attn.k_proj`), tables, kvHeads); // [N, G*D]
    const v = linear(seen, `${at}.self_attn.v_proj`); // [N, G*D]
    x = tf.add(x, linear(causalAttention(q, k, v, shape), `${at}.self_attn.o_proj`));
    const read = norm(x, `${at}.post_attention_layernorm`);
    const hidden = swiglu(linear(read, `${at}.mlp.gate_proj`), linear(read, `${at}.mlp.up_proj`)); // [N, F]
    x = tf.add(x, linear(hidden, `${at}.mlp.down_proj`));
  }
  return norm(x, "model.norm");
}
