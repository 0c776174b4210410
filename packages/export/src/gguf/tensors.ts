// Which tensors llama.cpp looks for, under which names and in which layouts (its conversion/gpt2.py and llama.py).

import { type NamedTensors, slotView, type TensorSlot } from "@homebody/base";
import { dimensions, groups, type ModelConfig } from "@homebody/model";
import type { Model } from "../model.ts";
import type { WeightType } from "../port.ts";
import { transposed } from "../transposed.ts";
import type { GgufTensor } from "./container.ts";
import { keptAs } from "./weights.ts";

interface Place {
  readonly name: string;
  /** How rows lie: as they are; columns are rows (GPT-2's Conv1D); as heads whose rotary pairs lie side by side. */
  readonly layout: "rows" | "columns" | { readonly heads: number };
}

export function tensorsOf({ config, parameters }: Model, weightType: WeightType): readonly GgufTensor[] {
  const place = config.model_type === "gpt2" ? gpt2Place : llamaPlace(config);
  return groups.flatMap((group) => {
    const tensors = parameters[group];
    return tensors.layout.slots.map((slot) => tensorOf(tensors, slot, place(slot.name), weightType));
  });
}

function tensorOf(
  tensors: NamedTensors,
  slot: TensorSlot,
  { name, layout }: Place,
  weightType: WeightType,
): GgufTensor {
  const shape = layout === "columns" ? slot.shape.toReversed() : slot.shape;
  const { type, block, bytesPerBlock, write } = keptAs[weightTypeOf(name, shape, weightType)];
  const bytes = (slot.size / block) * bytesPerBlock;
  return {
    name,
    shape,
    type,
    bytes,
    write(into) {
      const values = laidOut(slotView(tensors, slot), slot.shape, layout);
      write(values, new DataView(into.buffer, into.byteOffset, bytes), `tensor ${name}`);
    },
  };
}

/** As llama.cpp's converter decides it: norms, biases and positions are float32; rows that q8_0 cannot take are f16. */
function weightTypeOf(name: string, shape: readonly number[], asked: WeightType): WeightType {
  if (shape.length === 1 || name === "position_embd.weight") return "f32";
  return shape.at(-1)! % keptAs[asked].block === 0 ? asked : "f16";
}

function laidOut(values: Float32Array, shape: readonly number[], layout: Place["layout"]): Float32Array {
  if (layout === "rows") return values;
  const [rows, columns] = shape as [number, number];
  if (layout === "columns") return transposed(values, rows, columns);
  const headSize = rows / layout.heads;
  const result = new Float32Array(values.length);
  for (let row = 0; row < rows; row++) {
    const from = unpaired(row, headSize);
    result.set(values.subarray(from * columns, (from + 1) * columns), row * columns);
  }
  return result;
}

/** Hugging Face's rows of a head are the first of all rotary pairs, then the second; llama.cpp's are pair after pair. */
function unpaired(row: number, headSize: number): number {
  const inHead = row % headSize;
  return row - inHead + (inHead % 2) * (headSize / 2) + Math.floor(inHead / 2);
}

const gpt2Names: Readonly<Record<string, string>> = {
  "transformer.wte": "token_embd",
  "transformer.wpe": "position_embd",
  "transformer.ln_f": "output_norm",
  lm_head: "output",
  ln_1: "attn_norm",
  "attn.c_attn": "attn_qkv",
  "attn.c_proj": "attn_output",
  ln_2: "ffn_norm",
  "mlp.c_fc": "ffn_up",
  "mlp.c_proj": "ffn_down",
};

const llamaNames: Readonly<Record<string, string>> = {
  "model.embed_tokens": "token_embd",
  "model.norm": "output_norm",
  lm_head: "output",
  input_layernorm: "attn_norm",
  "self_attn.q_proj": "attn_q",
  "self_attn.k_proj": "attn_k",
  "self_attn.v_proj": "attn_v",
  "self_attn.o_proj": "attn_output",
  post_attention_layernorm: "ffn_norm",
  "mlp.gate_proj": "ffn_gate",
  "mlp.up_proj": "ffn_up",
  "mlp.down_proj": "ffn_down",
};

function gpt2Place(name: string): Place {
  return { name: renamed(name, gpt2Names), layout: /\.c_\w+\.weight$/.test(name) ? "columns" : "rows" };
}

function llamaPlace(config: ModelConfig): (name: string) => Place {
  const { heads, kvHeads } = dimensions(config);
  return (name) => {
    if (name.endsWith("q_proj.weight")) return { name: renamed(name, llamaNames), layout: { heads } };
    if (name.endsWith("k_proj.weight"))
      return { name: renamed(name, llamaNames), layout: { heads: kvHeads } };
    return { name: renamed(name, llamaNames), layout: "rows" };
  };
}

/** `transformer.h.0.ln_1.bias` is `blk.0.attn_norm.bias`. */
function renamed(name: string, names: Readonly<Record<string, string>>): string {
  const parts = /^(?:(?:transformer\.h|model\.layers)\.(\d+)\.)?(.+)\.(weight|bias)$/;
  const [, block, module, kind] = parts.exec(name)!;
  return `${block === undefined ? "" : `blk.${block}.`}${names[module!]}.${kind}`;
}
