// Whether memory grows: many steps of a tiny model, and what is held after each tenth of them.

import { createTrainer, loadFirst, startBackend } from "@homebody/train";
import * as tf from "@tensorflow/tfjs";
import { installWebGpu } from "../webgpu.ts";
import { adam, batchOf, benchOf } from "./configs.ts";

export interface Mark {
  readonly step: number;
  readonly tensorBytes: number;
  readonly tensors: number;
  readonly processBytes: number;
}

export async function measureGrowth(backend: "webgpu" | "wasm", steps: number): Promise<Mark[]> {
  if (backend === "webgpu") await installWebGpu();
  const { helpers } = await startBackend(backend);
  const bench = benchOf("tiny", { vocabulary: 64, context: 16, rows: 2 });
  const trainer = createTrainer({ config: bench.config, ...adam, helpers });
  loadFirst(trainer, "growth");
  const batch = batchOf(bench);
  const marks: Mark[] = [];
  for (let step = 1; step <= steps; step++) {
    await trainer.step(batch, adam.learningRate);
    if (step % Math.ceil(steps / 10) !== 0) continue;
    const { numBytes, numTensors } = tf.memory();
    marks.push({ step, tensorBytes: numBytes, tensors: numTensors, processBytes: process.memoryUsage().rss });
  }
  trainer.dispose();
  return marks;
}
