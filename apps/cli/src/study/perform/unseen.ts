// A body on a language that no arm has seen, with that language's own vocabulary: how fast, and how far.

import { adapt, adaptingRate } from "@homebody/experiment";
import { modelConfig } from "@homebody/model";
import { evaluatedShare, type Row } from "../job.ts";
import type { UnseenWork } from "../work.ts";
import { type Made, type Performing, rowsOf, textOf, trainerOf, turn } from "./performing.ts";
import { beginning } from "./standard.ts";

export async function trainUnseen(work: UnseenWork, performing: Performing): Promise<Made> {
  const { recipe, arm, seed, steps, evaluateEvery, text: ref, from } = work;
  const config = modelConfig(recipe.model, work.vocabulary);
  const trainer = trainerOf(config);
  const text = await textOf(performing, ref);
  const { source } = ref;
  const about = { arm, seed, phase: "unseen" };
  const curve: Row[] = [];
  try {
    const settings = {
      steps,
      batch: recipe.batch,
      learningRate: adaptingRate(recipe.learningRate.peak, steps),
      freezeBody: false,
      seed: `${seed}/unseen`,
      evaluateEvery,
      heldOutRows: "all" as const,
    };
    const first = await beginning(work, config, performing);
    for await (const { step, heldOut, loss } of adapt(trainer, text, first, settings)) {
      await turn();
      if (loss !== null) performing.passed(recipe.batch * text.train.context);
      if (heldOut === null) continue;
      performing.passed(heldOut.tokens * evaluatedShare);
      curve.push(...rowsOf({ ...about, step }, source, heldOut).slice(0, 1));
    }
  } finally {
    trainer.dispose();
  }
  const area = { ...about, step: steps, source, measure: "mean of the curve, in bits per byte" };
  return { rows: [...curve, { ...area, value: meanOf(curve) }], provenance: { from: from ?? "random" } };
}

/** The area under a curve (trapezoids) over its length. */
export function meanOf(curve: readonly Pick<Row, "step" | "value">[]): number {
  let area = 0;
  for (const [i, { step, value }] of curve.slice(1).entries()) {
    const before = curve[i]!;
    area += ((before.value + value) / 2) * (step - before.step);
  }
  return area / (curve.at(-1)!.step - curve[0]!.step);
}
