// How fast a device carries a model on, and what of a trial fits into the time: measured, never guessed.

import {
  type AdaptingTrainer,
  evaluateHeldOut,
  isTooSlow,
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

/** Held-out rows of an evaluation, in batches. */
const heldOutBatches = 8;

export const heldOutRowsOf = (batch: number) => heldOutBatches * batch;

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
  const step = (at: number) => trainer.step(drawBatch(text.train, { ...draw, step: at }), 1e-3);
  const evaluate = () =>
    evaluateHeldOut(trainer, text.heldOut, { batch, sampleRows: heldOutRowsOf(batch), seed: "speed" });
  loadParameters(trainer, parameters);
  trainer.loadMoments(null);
  await step(0); // compiles
  await trainer.evaluate(drawBatch(text.train, { ...draw, step: 0 })); // as well
  let began = clock.elapsed();
  let steps = 0;
  while (steps < mostSteps && clock.elapsed() - began < measuringMs) {
    steps += 1;
    await step(steps);
  }
  const stepMs = (clock.elapsed() - began) / steps;
  began = clock.elapsed();
  await evaluate();
  loadParameters(trainer, await readParameters(trainer));
  trainer.loadMoments(await trainer.readMoments());
  return { stepMs, turnMs: clock.elapsed() - began };
}

export interface MeasuredPlan {
  readonly plan: TrialPlan;
  readonly speed: TrialSpeed;
  /** Rows of a step. */
  readonly batch: number;
}

/** Where the device is too slow for the batch, with a smaller one: each halving is measured again. */
export async function measuredPlan(
  trainer: AdaptingTrainer,
  text: PreparedText,
  parameters: Parameters,
  most: { readonly batch: number; readonly budgetMs: () => number },
  clock: Clock,
): Promise<MeasuredPlan> {
  for (let batch = most.batch; ; batch = Math.ceil(batch / 2)) {
    const speed = await measure(trainer, text, parameters, batch, clock);
    const budgetMs = most.budgetMs();
    if (batch > 1 && isTooSlow(speed, budgetMs)) continue;
    return { plan: planTrial(speed, budgetMs, { batch, rows: text.train.rows }), speed, batch };
  }
}
