// Measures a step of a model on this device, kernel by kernel: a worker of its own, beside no volunteer.

import { random } from "@homebody/base";
import { countParameters, dimensions, groups, modelConfig } from "@homebody/model";
import { loadFirst, startBackend, type Trainer } from "@homebody/train";
import { createMeasuringTrainer, sumTimes } from "@homebody/train/measuring";
import * as tf from "@tensorflow/tfjs";
import type { ProfileMessage, ProfileReport, ProfileRequest } from "./profile.ts";
import { startOptions } from "./start-options.ts";

const timedSteps = 5;

const started = startBackend("auto", startOptions);

async function profile({ model, vocabulary, rows }: ProfileRequest): Promise<ProfileReport> {
  const { backend, adapter, tuning, helpers } = await started;
  const config = modelConfig(model as Parameters<typeof modelConfig>[0], vocabulary);
  const adam = { betas: [0.9, 0.95], epsilon: 1e-8, weightDecay: 0.1, clip: 1 } as const;
  const trainer = createMeasuringTrainer({ config, ...adam, helpers });
  try {
    loadFirst(trainer, "profile");
    const { context } = dimensions(config);
    const dice = random("profile");
    const ids = () => Int32Array.from({ length: rows * context }, () => dice.below(vocabulary));
    const batch = { inputs: ids(), targets: ids(), rows, context };
    const { stepMs, hostMs } = await timeSteps(trainer, batch);
    await trainer.profile(batch);
    const times = await trainer.profile(batch);
    return {
      backend,
      adapter,
      tuning: tuning && `${tuning.matmul} tiles, ${tuning.rows} rows`,
      threads: helpers.length + 1,
      parameters: groups.reduce((sum, group) => sum + countParameters(config, group), 0),
      tokens: rows * context,
      stepMs,
      hostMs: backend === "webgpu" ? hostMs : null,
      ...trainer.counts(batch),
      tensorBytes: tf.memory().numBytes,
      kernels: times && sumTimes(times, ({ kernel }) => kernel),
      regions: times && sumTimes(times, ({ region }) => region),
    };
  } finally {
    trainer.dispose();
  }
}

async function timeSteps(trainer: Trainer, batch: Parameters<Trainer["step"]>[0]) {
  await trainer.step(batch, 1e-3); // compiles
  const times = [];
  for (let step = 0; step < timedSteps; step++) {
    const began = performance.now();
    const result = trainer.step(batch, 1e-3);
    const hostMs = performance.now() - began;
    await result;
    times.push({ hostMs, stepMs: performance.now() - began });
  }
  return times.sort((a, b) => a.stepMs - b.stepMs)[Math.floor(timedSteps / 2)]!;
}

const post = (message: ProfileMessage) => postMessage(message);

addEventListener("message", ({ data }: MessageEvent<ProfileRequest>) => {
  profile(data).then(
    (report) => post({ kind: "report", report }),
    (error: unknown) =>
      post({ kind: "failed", message: error instanceof Error ? error.message : String(error) }),
  );
});
