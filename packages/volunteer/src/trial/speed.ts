// How fast a device carries a model on, and what of a trial fits into the time: measured, never guessed.

import {
  type AdaptingTrainer,
  leastTrialMs,
  loadParameters,
  type Parameters,
  planTrial,
  readParameters,
  type TrialPlan,
  type TrialSpeed,
} from "@homebody/experiment";
import { drawBatch, type PreparedText } from "@homebody/text";
import type { Clock } from "../ports.ts";

const measuringMs = 400;
const mostSteps = 8;
const rate = 1e-3;

/** Held-out rows of an evaluation: four batches, so that learning has most of the time, but eight rows at least. */
export const heldOutRowsOf = (batch: number) => Math.max(4 * batch, 8);

/** Moves parameters: what is measured is real work, from `parameters` on. */
async function measure(
  trainer: AdaptingTrainer,
  text: PreparedText,
  parameters: Parameters,
  batch: number,
  clock: Clock,
): Promise<TrialSpeed> {
  const draw = {
    seed: "speed",
    source: "trial",
    slot: 0,
    slots: 1,
    round: 0,
    localSteps: mostSteps + 1,
    batch,
  };
  const batchAt = (step: number) => drawBatch(text.train, { ...draw, step });
  const timed = async (work: () => Promise<unknown>) => {
    const began = clock.elapsed();
    await work();
    return clock.elapsed() - began;
  };
  loadParameters(trainer, parameters);
  trainer.loadMoments(null);
  await trainer.step(batchAt(0), rate); // compiles
  await trainer.evaluate(batchAt(0)); // as well
  let [steps, stepsMs] = [0, 0];
  while (steps < mostSteps && stepsMs < measuringMs) {
    steps += 1;
    stepsMs += await timed(() => trainer.step(batchAt(steps), rate));
  }
  const evaluationMs = await timed(() => trainer.evaluate(batchAt(0)));
  const changeMs = await timed(async () => {
    loadParameters(trainer, await readParameters(trainer));
    trainer.loadMoments(await trainer.readMoments());
  });
  const evaluations = Math.ceil(Math.min(heldOutRowsOf(batch), text.heldOut.rows) / batch);
  return { stepMs: stepsMs / steps, turnMs: evaluations * evaluationMs + changeMs };
}

export interface MeasuredPlan {
  readonly plan: TrialPlan;
  readonly speed: TrialSpeed;
  /** Rows of a step. */
  readonly batch: number;
}

/** Where the device is too slow for the batch, with one that is as much smaller, which is measured again. */
export async function measuredPlan(
  trainer: AdaptingTrainer,
  text: PreparedText,
  parameters: Parameters,
  most: { readonly batch: number; readonly budgetMs: () => number },
  clock: Clock,
): Promise<MeasuredPlan> {
  let { batch } = most;
  for (;;) {
    const speed = await measure(trainer, text, parameters, batch, clock);
    const budgetMs = most.budgetMs();
    const share = budgetMs / leastTrialMs(speed);
    if (batch === 1 || share >= 1)
      return { plan: planTrial(speed, budgetMs, { batch, rows: text.train.rows }), speed, batch };
    batch = Math.max(1, Math.floor(batch * share));
  }
}
