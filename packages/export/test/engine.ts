// What the engine computes with a model: what everything that reads its files is held against.

import { loadParameters } from "@homebody/experiment";
import { dimensions } from "@homebody/model";
import { createPredictor, type StartedBackend, sample, startBackend } from "@homebody/train";
import { createMeasuringTrainer } from "@homebody/train/measuring";
import type { Model } from "../src/index.ts";

let started: Promise<StartedBackend> | undefined;

/** Of as many ids as the context has: [context, vocabulary]. */
export async function logitsOf({ config, parameters }: Model, ids: readonly number[]): Promise<Float32Array> {
  await start();
  const trainer = createMeasuringTrainer({ config, betas: [0, 0], epsilon: 1, weightDecay: 0, clip: 1 });
  try {
    loadParameters(trainer, parameters);
    const inputs = Int32Array.from(ids);
    return await trainer.logits({ rows: 1, context: dimensions(config).context, inputs, targets: inputs });
  } finally {
    trainer.dispose();
  }
}

/** So many tokens after these, each the likeliest. */
export async function greedily(
  { config, parameters }: Model,
  ids: readonly number[],
  tokens: number,
): Promise<readonly number[]> {
  await start();
  const model = createPredictor(config);
  try {
    loadParameters(model, parameters);
    const made: number[] = [];
    const choice = { tokens, temperature: 0, topK: 1, seed: "1" };
    for await (const token of sample(model.cache(), ids, choice)) made.push(token);
    return made;
  } finally {
    model.dispose();
  }
}

function start(): Promise<StartedBackend> {
  started ??= startBackend("wasm", { threads: 1 });
  return started;
}
