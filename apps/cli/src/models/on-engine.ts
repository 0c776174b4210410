// A trained model on the engine, to be measured.

import { adaptingOptions, loadParameters } from "@homebody/experiment";
import type { Model } from "@homebody/export";
import { dimensions } from "@homebody/model";
import { requireMemory, type Trainer } from "@homebody/train";
import type { Engine } from "../engine.ts";

/** Work with a trainer that has the model's parameters, on batches of so many rows. Throws an EngineError where they take too much memory. */
export async function withTrainer<T>(
  { config, parameters }: Pick<Model, "config" | "parameters">,
  rows: number,
  { device, limits }: Pick<Awaited<ReturnType<Engine>>, "device" | "limits">,
  work: (trainer: Pick<Trainer, "config" | "evaluate">) => Promise<T>,
): Promise<T> {
  const { context } = dimensions(config);
  const { bytes, ...memory } = requireMemory(config, { rows, context }, limits);
  // It moves nothing, so its optimiser does not matter.
  const trainer = device.trainer({ ...adaptingOptions(config), ...memory }, bytes);
  try {
    loadParameters(trainer, parameters);
    return await work(trainer);
  } finally {
    trainer.dispose();
  }
}
