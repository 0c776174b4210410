// How fast this machine trains a model: measured for a second or so before a study says how long it will take.

import { firstParameters, loadParameters } from "@homebody/experiment";
import { dimensions, type ModelConfig } from "@homebody/model";
import { trainerOf } from "./perform/performing.ts";

const leastMs = 700;

/** Tokens a second, in whole training steps on this thread. */
export async function measuredSpeed(config: ModelConfig, rows: number): Promise<number> {
  const { context, vocabulary } = dimensions(config);
  const trainer = trainerOf(config);
  try {
    loadParameters(trainer, firstParameters(config, "speed"));
    const ids = Int32Array.from({ length: rows * context }, (_, i) => (i * 7919) % vocabulary);
    const batch = { inputs: ids, targets: ids, rows, context };
    await trainer.step(batch, 0); // makes the plan ready
    const began = performance.now();
    let tokens = 0;
    while (performance.now() - began < leastMs) tokens += (await trainer.step(batch, 0)).tokens;
    return (1000 * tokens) / (performance.now() - began);
  } finally {
    trainer.dispose();
  }
}
