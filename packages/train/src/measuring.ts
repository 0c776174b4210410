// A trainer for those who measure: studies, benches, tests, the profile page. What trains for a run has no use for it:
// biome.json says who may import it.

import type { NamedTensors } from "@homebody/base";
import { type KernelTime, whole } from "@homebody/kernels";
import { dimensions } from "@homebody/model";
import type { Batch } from "@homebody/text";
import { checkBatch, checkInputs } from "./check-batch.ts";
import { type CrewOptions, startCrew } from "./crew.ts";
import { explained } from "./device-errors.ts";
import { gather, layoutOfModel } from "./flat.ts";
import { logitsPlan } from "./plans.ts";
import { allOf } from "./rates.ts";
import { type Trainer, trainerOf } from "./trainer.ts";

export { sumTimes, type TimeSum } from "./profile.ts";

export interface MeasuringTrainer extends Trainer {
  /** Of all groups, before clipping; nothing moves. */
  gradients(batch: Batch): Promise<{ readonly loss: number; readonly gradients: NamedTensors }>;
  /** [rows * context, vocabulary]. */
  logits(batch: Batch): Promise<Float32Array>;
  /**
   * A step's commands on this thread, each with its cost and the time that it takes on the device; null where the device
   * has no clock. Parameters and moments move.
   */
  profile(batch: Batch): Promise<readonly KernelTime[] | null>;
  /** What a step of such a batch is on this thread. */
  counts(batch: Batch): { readonly dispatches: number; readonly submits: number };
}

export function createMeasuringTrainer(options: CrewOptions): MeasuringTrainer {
  const crew = startCrew(options);
  const { engine } = crew;
  const { arrangement, space, model } = engine;
  const { vocabulary } = dimensions(options.config);
  const all = allOf(arrangement);

  async function gradients(batch: Batch) {
    const count = checkBatch(batch, vocabulary);
    engine.writeSettings(1 / count);
    const { first, othersLoss } = await crew.gradients(batch, count, all);
    const flat = await space.read(whole(model.gradients), arrangement.size);
    const gradients = gather(arrangement, flat, layoutOfModel(options.config));
    return { loss: (await first.sumOfLosses()) + othersLoss, gradients };
  }

  async function logits(batch: Batch): Promise<Float32Array> {
    checkInputs(batch, vocabulary);
    const at = engine.readyFor(batch);
    const storage = space.keep("logits", batch.inputs.length * vocabulary);
    const plan = space.prepare(logitsPlan(at.inputs, storage));
    try {
      at.write("ids", batch.inputs);
      plan.run();
      return await space.read(whole(storage), storage.size);
    } finally {
      plan.dispose();
      space.release(storage);
    }
  }

  async function profile(batch: Batch): Promise<readonly KernelTime[] | null> {
    engine.writeSettings(1 / checkBatch(batch, vocabulary));
    const times: KernelTime[] = [];
    const parts = engine.partsOf(batch, all);
    for (const { part, at, plan } of parts) {
      at.writeBatch(part);
      times.push(...((await plan.profile()) ?? []));
    }
    times.push(...((await parts[0]!.at.move(all).profile()) ?? []));
    crew.valuesChanged();
    return times.length === 0 ? null : times;
  }

  function counts(batch: Batch) {
    const parts = engine.partsOf(crew.ownRows(batch), all);
    const plans = [...parts.map(({ plan }) => plan), parts[0]!.at.move(all)];
    return {
      dispatches: plans.reduce((sum, plan) => sum + plan.dispatches, 0),
      submits: plans.reduce((sum, plan) => sum + plan.submits, 0),
    };
  }

  return {
    ...trainerOf(crew),
    gradients: explained(gradients),
    logits: explained(logits),
    profile: explained(profile),
    counts,
  };
}
