// Words that fit the last body, which stands still: what a few steps of it are worth.

import { drawBatch, type PreparedText } from "@homebody/text";
import type { Trainer } from "@homebody/train";
import type { Row } from "../job.ts";
import type { FederatedWork } from "../work.ts";
import { evaluated, type Performing, rowsOf, turn } from "./performing.ts";

/** A row for each number of steps; the trainer has the body and the words, and keeps what fitting makes of them. */
export async function fitted(
  { arm, seed, recipe, fittedAfter }: FederatedWork,
  trainer: Trainer,
  source: string,
  text: PreparedText,
  performing: Performing,
): Promise<readonly Row[]> {
  const { batch, learningRate } = recipe;
  const of = Math.max(0, ...fittedAfter);
  const rate = learningRate.peak * learningRate.finalFraction; // that of the run's last step
  const draw = {
    seed,
    source: `${source}/fit at the end`,
    slot: 0,
    slots: 1,
    round: 0,
    localSteps: of,
    batch,
  };
  const rows: Row[] = [];
  trainer.loadMoments(null);
  for (let step = 1; step <= of; step++) {
    const drawn = drawBatch(text.train, { ...draw, step: step - 1 });
    const { tokens } = await trainer.step(drawn, { theta: null, phi: rate, psi: rate });
    performing.passed(tokens);
    await turn();
    if (!fittedAfter.includes(step)) continue;
    const score = await evaluated(trainer, text.heldOut, batch, performing);
    rows.push(...rowsOf({ arm, seed, phase: "fitted", step }, source, score).slice(0, 1));
  }
  return rows;
}
