// Llama (Touvron et al. 2023: pre-norm by RMSNorm (Zhang & Sennrich 2019), SwiGLU (Shazeer 2020), rotary positions (Su et al. 2021),
// the halves of a head turned against each other as Hugging Face stores them), from the exported files alone.

import { add, attend, linear, row, type Vector } from "./parts.ts";
import { hasTensor, type Tensor, tensorsIn } from "./safetensors.ts";

interface Config {
  readonly hidden_size: number;
  readonly num_attention_heads: number;
  readonly num_key_value_heads: number;
  readonly num_hidden_layers: number;
  readonly rms_norm_eps: number;
  readonly rope_theta: number;
}

/** Logits of each position. */
export function llama(config: Config, weights: Uint8Array, ids: readonly number[]): Vector[] {
  const { num_attention_heads: heads, num_key_value_heads: kvHeads, rms_norm_eps: epsilon } = config;
  const size = config.hidden_size / heads;
  const tensor = tensorsIn(weights);
  const embedding = tensor("model.embed_tokens.weight");
  let states = ids.map((id) => row(embedding, id));
  for (let layer = 0; layer < config.num_hidden_layers; layer++) {
    const at = (name: string) => tensor(`model.layers.${layer}.${name}.weight`);
    const [before, after] = [at("input_layernorm"), at("post_attention_layernorm")];
    const [q, k, v, o] = ["q", "k", "v", "o"].map((name) => at(`self_attn.${name}_proj`)) as Tensor[];
    const [gate, up, down] = ["gate", "up", "down"].map((name) => at(`mlp.${name}_proj`)) as Tensor[];
    const normed = states.map((x) => rmsNorm(x, before, epsilon));
    const turned = (weight: Tensor) => normed.map((x, i) => rotary(linear(x, weight), i, size, config));
    const [queries, keys, values] = [turned(q!), turned(k!), normed.map((x) => linear(x, v!))];
    states = states.map((x, i) => {
      const shape = { heads, kvHeads, size };
      const attended = attend(queries[i]!, keys.slice(0, i + 1), values.slice(0, i + 1), shape);
      const middle = add(x, linear(attended, o!));
      const inner = rmsNorm(middle, after, epsilon);
      const opened = linear(inner, gate!);
      const hidden = linear(inner, up!).map((value, j) => value * silu(opened[j]!));
      return add(middle, linear(hidden, down!));
    });
  }
  const last = tensor("model.norm.weight");
  const head = hasTensor(weights, "lm_head.weight") ? tensor("lm_head.weight") : embedding;
  return states.map((x) => linear(rmsNorm(x, last, epsilon), head));
}

function rmsNorm(x: Vector, { values }: Tensor, epsilon: number): Vector {
  const square = x.reduce((sum, value) => sum + value * value, 0) / x.length;
  return x.map((value, i) => (value / Math.sqrt(square + epsilon)) * values[i]!);
}

/** Of each head, dimension i and dimension i + size / 2 are a pair, turned by position x theta^(-2i / size). */
function rotary(x: Vector, position: number, size: number, { rope_theta: theta }: Config): Vector {
  const half = size / 2;
  return x.map((value, j) => {
    const i = j % size;
    const angle = position * theta ** ((-2 * (i % half)) / size);
    return i < half
      ? value * Math.cos(angle) - x[j + half]! * Math.sin(angle)
      : value * Math.cos(angle) + x[j - half]! * Math.sin(angle);
  });
}

const silu = (x: number) => x / (1 + Math.exp(-x));
