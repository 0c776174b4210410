// Half precision beside single: the same model on the same real text, step by step. A third arm is single precision too,
// with its sums in another order: what rounding alone does to a loss curve.

import { readFile } from "node:fs/promises";
import { modelConfig } from "@homebody/model";
import { decodeUtf8, drawBatch, packDocuments, parseDocuments, trainTokenizer } from "@homebody/text";
import { createTrainer, loadFirst, startBackend } from "@homebody/train";
import { installWebGpu } from "../webgpu.ts";
import { adam } from "./configs.ts";

const [vocabulary, context, rows] = [512, 64, 8];
const warmUp = 50;
/** Losses are means of so many steps. */
const window = 20;

/** The worst differences of smoothed losses from those of single precision, relative; on WebGPU. */
export async function compareHalf(file: string, steps: number): Promise<Record<string, number | string>> {
  const documents = parseDocuments(file, decodeUtf8(file, new Uint8Array(await readFile(file))));
  await installWebGpu();
  const { adapter } = await startBackend("webgpu");
  const tokenizer = await trainTokenizer(documents, { vocabulary });
  const shard = await packDocuments(documents, tokenizer, { context, seed: "half" });
  const config = modelConfig(
    { family: "gpt2", depth: 2, context, overrides: { width: 64, heads: 4 } },
    tokenizer.vocabularySize,
  );
  const arms = [{}, { half: true }, { rowsAtOnce: rows / 2 }].map((how): Arm => {
    const trainer = createTrainer({ config, ...adam, ...how });
    loadFirst(trainer, "half");
    return { trainer, losses: [] as number[] };
  });
  const [single, half, parts] = arms as [Arm, Arm, Arm];
  for (let step = 0; step < steps; step++) {
    const seats = { source: "half", slot: 0, slots: 1, round: 0, localSteps: steps };
    const batch = drawBatch(shard, { seed: "half", ...seats, step, batch: rows });
    const rate = adam.learningRate * Math.min(1, (step + 1) / warmUp);
    for (const { trainer, losses } of arms) losses.push((await trainer.step(batch, rate)).loss);
  }
  const smooth = ({ losses }: Arm) =>
    losses.slice(window - 1).map((_, end) => mean(losses.slice(end, end + window)));
  const worst = (arm: Arm) => {
    const [one, other] = [smooth(single), smooth(arm)];
    return Math.max(...one.map((loss, i) => Math.abs(other[i]! / loss - 1)));
  };
  for (const { trainer } of arms) trainer.dispose();
  return {
    adapter,
    steps,
    firstLoss: single.losses[0]!,
    lastLosses: arms.map(({ losses }) => mean(losses.slice(-window)).toFixed(4)).join(", "),
    worstOfHalf: worst(half),
    worstOfAnotherOrder: worst(parts),
  };
}

interface Arm {
  readonly trainer: ReturnType<typeof createTrainer>;
  readonly losses: number[];
}

const mean = (numbers: readonly number[]) => numbers.reduce((sum, x) => sum + x, 0) / numbers.length;
