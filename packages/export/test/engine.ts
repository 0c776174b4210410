// What the engine computes with a model: what everything that reads its files is held against.

import { dimensions } from "@homebody/model";
import { type StartedBackend, startBackend } from "@homebody/train";
import { createMeasuringTrainer, type MeasuringTrainer } from "@homebody/train/measuring";
import type { Model } from "../src/index.ts";

let started: Promise<StartedBackend> | undefined;

/** Of as many ids as the context has: [context, vocabulary]. */
export const logitsOf = (model: Model, ids: readonly number[]): Promise<Float32Array> =>
  trained(model, (trainer) => {
    const inputs = Int32Array.from(ids);
    return trainer.logits({ rows: 1, context: dimensions(model.config).context, inputs, targets: inputs });
  });

/** So many tokens after these, each the likeliest. */
export const greedily = (model: Model, ids: readonly number[], tokens: number): Promise<readonly number[]> =>
  trained(model, async (trainer) => {
    const made: number[] = [];
    const choice = { tokens, temperature: 0, topK: 1, seed: "1" };
    for await (const token of trainer.sample(ids, choice)) made.push(token);
    return made;
  });

async function trained<T>(
  { config, parameters }: Model,
  use: (trainer: MeasuringTrainer) => Promise<T>,
): Promise<T> {
  started ??= startBackend("wasm", { threads: 1 });
  await started;
  const trainer = createMeasuringTrainer({ config, betas: [0, 0], epsilon: 1, weightDecay: 0, clip: 1 });
  try {
    for (const [group, tensors] of Object.entries(parameters)) trainer.load(group as "theta", tensors);
    return await use(trainer);
  } finally {
    trainer.dispose();
  }
}
