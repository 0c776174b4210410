// How well words of one source go with the body: bits per byte of each on its own held-out text.

import { evaluateHeldOut } from "@homebody/experiment";
import type { Engine } from "../engine.ts";
import type { TrainedModel } from "../models/of-run.ts";
import { withTrainer } from "../models/on-engine.ts";

/** Rows of a batch, and held-out rows that are evaluated: the same ones wherever texts are the same. */
const rowsAtOnce = 8;
const heldOutRows = 128;

export interface MeasuredWords {
  readonly model: TrainedModel;
  readonly bitsPerByte: number;
}

export async function measureWords(
  models: readonly TrainedModel[],
  engine: Engine,
  show: (doing: string) => void,
): Promise<MeasuredWords[]> {
  const started = await engine();
  const measured: MeasuredWords[] = [];
  for (const [i, model] of models.entries()) {
    show(`measuring words ${i + 1} of ${models.length}`);
    const rows = { batch: rowsAtOnce, sampleRows: heldOutRows, seed: "export" } as const;
    const { bitsPerByte } = await withTrainer(model, rowsAtOnce, started, (trainer) =>
      evaluateHeldOut(trainer, model.own[0]!.text.heldOut, rows),
    );
    measured.push({ model, bitsPerByte });
  }
  return measured;
}
