// The models that are measured.

import { InputError, random } from "@homebody/base";
import {
  countParameters,
  dimensions,
  groups,
  initialParameters,
  type ModelConfig,
  modelConfig,
} from "@homebody/model";

export interface Bench {
  readonly name: string;
  readonly config: ModelConfig;
  /** Rows of a batch. */
  readonly rows: number;
}

const gpt2 = (
  layers: number,
  width: number,
  heads: number,
  context: number,
  vocabulary: number,
  tied: boolean,
) => modelConfig({ family: "gpt2", depth: layers, context, overrides: { width, heads, tied } }, vocabulary);

const known: readonly Bench[] = [
  { name: "reference", config: gpt2(4, 128, 4, 128, 4096, false), rows: 8 },
  { name: "small", config: gpt2(8, 512, 8, 256, 4096, true), rows: 8 },
  { name: "base", config: gpt2(12, 768, 12, 1024, 50_257, true), rows: 4 },
  { name: "large", config: gpt2(24, 1024, 16, 1024, 50_257, true), rows: 2 },
  {
    name: "experiment",
    config: modelConfig(
      { family: "llama", depth: 4, context: 128, overrides: { width: 128, heads: 4, hidden: 480 } },
      2048,
    ),
    rows: 8,
  },
  {
    name: "tiny",
    config: modelConfig({ family: "llama", depth: 2, context: 64, overrides: { width: 64, heads: 4 } }, 512),
    rows: 4,
  },
];

export const configNames = known.map(({ name }) => name);

/** With another vocabulary, context or number of rows where they are given. */
export function benchOf(
  name: string,
  other: { vocabulary?: number; context?: number; rows?: number } = {},
): Bench {
  const found = known.find((bench) => bench.name === name);
  if (found === undefined) throw new InputError("--config", configNames.join(", "), JSON.stringify(name));
  const { vocabulary, context, rows = found.rows } = other;
  const size = dimensions(found.config);
  const config = {
    ...found.config,
    vocab_size: vocabulary ?? size.vocabulary,
    [found.config.model_type === "gpt2" ? "n_positions" : "max_position_embeddings"]: context ?? size.context,
  };
  return { name, config, rows };
}

export const adam = {
  betas: [0.9, 0.95],
  epsilon: 1e-8,
  weightDecay: 0.1,
  clip: 1,
  learningRate: 1e-3,
} as const;

export const optimisers = {
  adamw: { kind: "adamw" },
  muon: { kind: "muon", momentum: 0.95 },
} as const;

export interface BenchBatch {
  readonly inputs: Int32Array;
  readonly targets: Int32Array;
  readonly rows: number;
  readonly context: number;
}

/** Tokens drawn at random: the same for everyone. */
export function batchOf({ config, rows }: Bench): BenchBatch {
  const { context, vocabulary } = dimensions(config);
  const dice = random("bench");
  const ids = () => Int32Array.from({ length: rows * context }, () => dice.below(vocabulary));
  return { inputs: ids(), targets: ids(), rows, context };
}

/** The parameters that everyone begins with, by Hugging Face's names. */
export function firstParameters(
  config: ModelConfig,
): { name: string; shape: readonly number[]; values: Float32Array }[] {
  return groups
    .filter((group) => countParameters(config, group) > 0)
    .flatMap((group) => {
      const { layout, data } = initialParameters(config, [group], "bench");
      return layout.slots.map(({ name, shape, offset, size }) => ({
        name,
        shape,
        values: data.slice(offset, offset + size),
      }));
    });
}

/** Someone who trains the same model: a step gives the loss before it. */
export interface Peer {
  step(): Promise<number>;
  dispose(): void;
}
