// GPT-2 (Radford et al. 2019: pre-norm, a last norm, learned positions; GELU as in Hendrycks & Gimpel 2016, by tanh), from the
// exported files alone.

import { add, attend, conv1d, linear, row, type Vector } from "./parts.ts";
import { hasTensor, type Tensor, tensorsIn } from "./safetensors.ts";

interface Config {
  readonly n_embd: number;
  readonly n_head: number;
  readonly n_layer: number;
  readonly layer_norm_epsilon: number;
}

/** Logits of each position. */
export function gpt2(config: Config, weights: Uint8Array, ids: readonly number[]): Vector[] {
  const { n_embd: width, n_head: heads, n_layer: layers, layer_norm_epsilon: epsilon } = config;
  const tensor = tensorsIn(weights);
  const named = (name: string) => ({ weight: tensor(`${name}.weight`), bias: tensor(`${name}.bias`) });
  const wte = tensor("transformer.wte.weight");
  const wpe = tensor("transformer.wpe.weight");
  let states = ids.map((id, position) => add(row(wte, id), row(wpe, position)));
  for (let layer = 0; layer < layers; layer++) {
    const at = `transformer.h.${layer}`;
    const [ln1, ln2] = [named(`${at}.ln_1`), named(`${at}.ln_2`)];
    const [qkv, projection] = [named(`${at}.attn.c_attn`), named(`${at}.attn.c_proj`)];
    const [up, down] = [named(`${at}.mlp.c_fc`), named(`${at}.mlp.c_proj`)];
    const mixed = states.map((x) => conv1d(layerNorm(x, ln1, epsilon), qkv.weight, qkv.bias));
    const part = (i: number) => mixed.map((all) => all.slice(i * width, (i + 1) * width));
    const [queries, keys, values] = [part(0), part(1), part(2)];
    const shape = { heads, kvHeads: heads, size: width / heads };
    states = states.map((x, i) => {
      const attended = attend(queries[i]!, keys.slice(0, i + 1), values.slice(0, i + 1), shape);
      const after = add(x, conv1d(attended, projection.weight, projection.bias));
      const hidden = conv1d(layerNorm(after, ln2, epsilon), up.weight, up.bias).map(gelu);
      return add(after, conv1d(hidden, down.weight, down.bias));
    });
  }
  const last = named("transformer.ln_f");
  const head = hasTensor(weights, "lm_head.weight") ? tensor("lm_head.weight") : wte;
  return states.map((x) => linear(layerNorm(x, last, epsilon), head));
}

function layerNorm(x: Vector, { weight, bias }: { weight: Tensor; bias: Tensor }, epsilon: number): Vector {
  const mean = x.reduce((a, b) => a + b) / x.length;
  const variance = x.reduce((sum, value) => sum + (value - mean) ** 2, 0) / x.length;
  return x.map(
    (value, i) => ((value - mean) / Math.sqrt(variance + epsilon)) * weight.values[i]! + bias.values[i]!,
  );
}

const gelu = (x: number) => 0.5 * x * (1 + Math.tanh(Math.sqrt(2 / Math.PI) * (x + 0.044715 * x ** 3)));
