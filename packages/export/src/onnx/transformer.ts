// Both families in standard operators, with keys and values of earlier positions as inputs and outputs: the names and shapes are
// those that transformers.js looks for.

import { dimensions, embeddingName, type ModelConfig } from "@homebody/model";
import type { Model } from "../model.ts";
import { attention, biasOf, rotations } from "./attention.ts";
import { gelu, rmsNorm } from "./functions.ts";
import { graph } from "./graph.ts";
import { type Making, weightsOf } from "./making.ts";
import type { OnnxModel, Port } from "./model-file.ts";

export function transformer(model: Model): OnnxModel {
  const { config } = model;
  const g = graph();
  const making: Making = { config, g, weight: weightsOf(model, g) };
  const states = config.model_type === "gpt2" ? gpt2(making) : llama(making);
  const head = headOf(making);
  g.op("MatMul", [states, head], {}, "logits");
  const { nodes, constants } = g;
  return { name: config.model_type, ...portsOf(config), nodes, constants, metadata: model.provenance };
}

function portsOf(config: ModelConfig): Pick<OnnxModel, "inputs" | "outputs"> {
  const { layers, kvHeads, headSize, vocabulary } = dimensions(config);
  const ids = (name: string, side: string): Port => ({ name, type: "int64", shape: ["batch_size", side] });
  const pairs = (name: string, side: string): Port[] =>
    Array.from({ length: layers }, (_, layer) =>
      ["key", "value"].map((which): Port => {
        const shape = ["batch_size", kvHeads, side, headSize];
        return { name: `${name}.${layer}.${which}`, type: "float", shape };
      }),
    ).flat();
  return {
    inputs: [
      ids("input_ids", "sequence_length"),
      ids("attention_mask", "total_sequence_length"),
      ids("position_ids", "sequence_length"),
      ...pairs("past_key_values", "past_sequence_length"),
    ],
    outputs: [
      { name: "logits", type: "float", shape: ["batch_size", "sequence_length", vocabulary] },
      ...pairs("present", "total_sequence_length"),
    ],
  };
}

/** [width, vocabulary]. A tied one is the embedding, turned when the model is loaded: the file has it once. */
function headOf({ config, g, weight }: Making): string {
  if (!dimensions(config).tied) return weight("lm_head.weight", "transposed");
  return g.op("Transpose", [weight(embeddingName(config))], { perm: [1, 0] });
}

function gpt2(making: Making): string {
  const { config, g, weight } = making;
  const { layers, epsilon } = dimensions(config);
  const norm = (x: string, name: string) =>
    g.op("LayerNormalization", [x, weight(`${name}.weight`), weight(`${name}.bias`)], { axis: -1, epsilon });
  const linear = (x: string, name: string) =>
    g.op("Add", [g.op("MatMul", [x, weight(`${name}.weight`)]), weight(`${name}.bias`)]);
  const tokens = g.op("Gather", [weight("transformer.wte.weight"), "input_ids"]);
  const positions = g.op("Gather", [weight("transformer.wpe.weight"), "position_ids"]);
  const places = { bias: biasOf(g), cosines: undefined, sines: undefined };
  let states = g.op("Add", [tokens, positions]);
  for (let layer = 0; layer < layers; layer++) {
    const at = `transformer.h.${layer}`;
    const [q, k, v] = g.split(linear(norm(states, `${at}.ln_1`), `${at}.attn.c_attn`), 3);
    const attended = attention(making, layer, [q!, k!, v!], places);
    const middle = g.op("Add", [states, linear(attended, `${at}.attn.c_proj`)]);
    const hidden = gelu(g, linear(norm(middle, `${at}.ln_2`), `${at}.mlp.c_fc`));
    states = g.op("Add", [middle, linear(hidden, `${at}.mlp.c_proj`)]);
  }
  return norm(states, "transformer.ln_f");
}

function llama(making: Making): string {
  const { config, g, weight } = making;
  const { layers, epsilon } = dimensions(config);
  const norm = (x: string, name: string) => rmsNorm(g, x, weight(`${name}.weight`), epsilon);
  const linear = (x: string, name: string) => g.op("MatMul", [x, weight(`${name}.weight`, "transposed")]);
  const places = { bias: biasOf(g), ...rotations(making) };
  let states = g.op("Gather", [weight("model.embed_tokens.weight"), "input_ids"]);
  for (let layer = 0; layer < layers; layer++) {
    const at = `model.layers.${layer}`;
    const normed = norm(states, `${at}.input_layernorm`);
    const [q, k, v] = ["q", "k", "v"].map((name) => linear(normed, `${at}.self_attn.${name}_proj`));
    const attended = attention(making, layer, [q!, k!, v!], places);
    const middle = g.op("Add", [states, linear(attended, `${at}.self_attn.o_proj`)]);
    const inner = norm(middle, `${at}.post_attention_layernorm`);
    const gate = linear(inner, `${at}.mlp.gate_proj`);
    const opened = g.op("Mul", [gate, g.op("Sigmoid", [gate])]);
    const hidden = g.op("Mul", [opened, linear(inner, `${at}.mlp.up_proj`)]);
    states = g.op("Add", [middle, linear(hidden, `${at}.mlp.down_proj`)]);
  }
  return norm(states, "model.norm");
}
