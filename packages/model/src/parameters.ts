// The parameters of a model: names, shapes, groups and first values, exactly as Hugging Face has them.
//
// Groups are DEPT's: theta is the body, phi the token embedding (and the head, where it is not tied: its rows are
// the vocabulary's), psi the learned positions. GPT-2's linear weights are [in, out], Llama's [out, in].
// Pure: the coordinator lays out bodies from here without an engine.

import {
  type NamedTensors,
  namedTensors,
  once,
  random,
  type TensorLayout,
  tensorLayout,
} from "@homebody/base";
import { dimensions, type Gpt2Config, type LlamaConfig, type ModelConfig } from "./config.ts";

export type Group = "theta" | "phi" | "psi";
export const groups: readonly Group[] = ["theta", "phi", "psi"];

type Init = "normal" | "residual" | "zeros" | "ones";

interface Parameter {
  readonly name: string;
  readonly shape: readonly number[];
  readonly group: Group;
  readonly init: Init;
}

/** Shapes in the group's order, in a flat buffer. */
export function groupLayout(config: ModelConfig, group: Group): TensorLayout {
  return layoutsOf(config)[group];
}

/** Made once a config. */
const layoutsOf = once((config: ModelConfig) => {
  const parameters = parametersOf(config);
  const layout = (group: Group) => tensorLayout(parameters.filter((one) => one.group === group));
  return { theta: layout("theta"), phi: layout("phi"), psi: layout("psi") };
});

/** All groups, of those that were found: the others have no parameters, as psi of a llama, and are empty. */
export function everyGroup(
  config: ModelConfig,
  found: ReadonlyMap<Group, NamedTensors>,
): Readonly<Record<Group, NamedTensors>> {
  const of = (group: Group) => found.get(group) ?? namedTensors(groupLayout(config, group));
  return { theta: of("theta"), phi: of("phi"), psi: of("psi") };
}

export function countParameters(config: ModelConfig, group: Group): number {
  return groupLayout(config, group).size;
}

/**
 * First values, a function of the seed alone: normal with the config's deviation for weights and embeddings, GPT-2's
 * residual projections scaled by 1 / sqrt(2 x layers) (Radford et al. 2019, section 2.3), ones for norms, zeros for
 * biases. Each tensor has a stream of its own, so the order of groups does not matter.
 */
export function initialParameters(config: ModelConfig, wanted: readonly Group[], seed: string): NamedTensors {
  const parameters = parametersOf(config).filter(({ group }) => wanted.includes(group));
  const tensors = namedTensors(tensorLayout(parameters));
  const deviation = config.initializer_range;
  const residual = deviation / Math.sqrt(2 * dimensions(config).layers);
  for (const [i, { name, init }] of parameters.entries()) {
    const slot = tensors.layout.slots[i]!;
    const values = tensors.data.subarray(slot.offset, slot.offset + slot.size);
    if (init === "ones") values.fill(1);
    if (init !== "normal" && init !== "residual") continue;
    const stream = random(`${seed}/${name}`);
    const scale = init === "normal" ? deviation : residual;
    for (let j = 0; j < values.length; j++) values[j] = scale * stream.normal();
  }
  return tensors;
}

export function parametersOf(config: ModelConfig): readonly Parameter[] {
  return config.model_type === "gpt2" ? gpt2Parameters(config) : llamaParameters(config);
}

function gpt2Parameters(config: Gpt2Config): readonly Parameter[] {
  const { layers, width, hidden, context, vocabulary, tied } = dimensions(config);
  const norm = (name: string) => [
    theta(`${name}.weight`, [width], "ones"),
    theta(`${name}.bias`, [width], "zeros"),
  ];
  const linear = (name: string, from: number, to: number, init: Init = "normal") => [
    theta(`${name}.weight`, [from, to], init),
    theta(`${name}.bias`, [to], "zeros"),
  ];
  return [
    phi("transformer.wte.weight", [vocabulary, width]),
    { name: "transformer.wpe.weight", shape: [context, width], group: "psi", init: "normal" },
    ...each(layers, (layer) => {
      const at = `transformer.h.${layer}`;
      return [
        ...norm(`${at}.ln_1`),
        ...linear(`${at}.attn.c_attn`, width, 3 * width),
        ...linear(`${at}.attn.c_proj`, width, width, "residual"),
        ...norm(`${at}.ln_2`),
        ...linear(`${at}.mlp.c_fc`, width, hidden),
        ...linear(`${at}.mlp.c_proj`, hidden, width, "residual"),
      ];
    }),
    ...norm("transformer.ln_f"),
    ...(tied ? [] : [phi("lm_head.weight", [vocabulary, width])]),
  ];
}

function llamaParameters(config: LlamaConfig): readonly Parameter[] {
  const { layers, width, kvHeads, headSize, hidden, vocabulary, tied } = dimensions(config);
  const norm = (name: string) => theta(`${name}.weight`, [width], "ones");
  const linear = (name: string, from: number, to: number) => theta(`${name}.weight`, [to, from], "normal");
  return [
    phi("model.embed_tokens.weight", [vocabulary, width]),
    ...each(layers, (layer) => {
      const at = `model.layers.${layer}`;
      return [
        norm(`${at}.input_layernorm`),
        linear(`${at}.self_attn.q_proj`, width, width),
        linear(`${at}.self_attn.k_proj`, width, kvHeads * headSize),
        linear(`${at}.self_attn.v_proj`, width, kvHeads * headSize),
        linear(`${at}.self_attn.o_proj`, width, width),
        norm(`${at}.post_attention_layernorm`),
        linear(`${at}.mlp.gate_proj`, width, hidden),
        linear(`${at}.mlp.up_proj`, width, hidden),
        linear(`${at}.mlp.down_proj`, hidden, width),
      ];
    }),
    norm("model.norm"),
    ...(tied ? [] : [phi("lm_head.weight", [vocabulary, width])]),
  ];
}

const theta = (name: string, shape: readonly number[], init: Init): Parameter => ({
  name,
  shape,
  group: "theta",
  init,
});

const phi = (name: string, shape: readonly number[]): Parameter => ({
  name,
  shape,
  group: "phi",
  init: "normal",
});

function each<T>(count: number, make: (i: number) => readonly T[]): T[] {
  return Array.from({ length: count }, (_, i) => make(i)).flat();
}
