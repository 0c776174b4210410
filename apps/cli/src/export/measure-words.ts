// How well words of one source go with the body: bits per byte of each on its own held-out text.

import { adaptingOptions, evaluateHeldOut, loadParameters } from "@homebody/experiment";
import { dimensions } from "@homebody/model";
import { requireMemory } from "@homebody/train";
import type { Engine } from "../engine.ts";
import type { TrainedModel } from "../models/of-run.ts";

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
  const { device, limits } = await engine();
  const measured: MeasuredWords[] = [];
  for (const [i, model] of models.entries()) {
    show(`measuring words ${i + 1} of ${models.length}`);
    const { config, parameters, own } = model;
    const { context } = dimensions(config);
    const { bytes, ...memory } = requireMemory(config, { rows: rowsAtOnce, context }, limits);
    const trainer = device.trainer({ ...adaptingOptions(config), ...memory }, bytes); // it moves nothing
    try {
      loadParameters(trainer, parameters);
      const rows = { batch: rowsAtOnce, sampleRows: heldOutRows, seed: "export" } as const;
      const { bitsPerByte } = await evaluateHeldOut(trainer, own[0]!.text.heldOut, rows);
      measured.push({ model, bitsPerByte });
    } finally {
      trainer.dispose();
    }
  }
  return measured;
}
