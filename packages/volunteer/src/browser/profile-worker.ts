// Measures a step of a model on this device, kernel by kernel: a worker of its own, beside no volunteer.

import { random } from "@homebody/base";
import type { KernelTime } from "@homebody/kernels";
import { countParameters, dimensions, groups, initialParameters, modelConfig } from "@homebody/model";
import { createTrainer, startBackend, type Trainer } from "@homebody/train";
import * as tf from "@tensorflow/tfjs";
import { tuningFile } from "../device.ts";
import { readHome, writeHome } from "./disk.ts";
import type { KernelReport, ProfileMessage, ProfileReport, ProfileRequest } from "./profile.ts";
import { wasmPaths } from "./wasm-paths.ts";

const timedSteps = 5;

const started = startBackend("auto", {
  wasmPaths,
  memory: tuningFile({
    read: () => readHome("tuning"),
    write: (text) => writeHome("tuning", text),
  }),
});

async function profile({ model, vocabulary, rows }: ProfileRequest): Promise<ProfileReport> {
  const { backend, adapter, tuning, helpers } = await started;
  const config = modelConfig(model as Parameters<typeof modelConfig>[0], vocabulary);
  const adam = { betas: [0.9, 0.95], epsilon: 1e-8, weightDecay: 0.1, clip: 1 } as const;
  const trainer = createTrainer({ config, ...adam, frozenBody: false, helpers });
  try {
    for (const group of groups)
      if (countParameters(config, group) > 0)
        trainer.load(group, initialParameters(config, [group], "profile"));
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
      ...trainer.counts,
      tensorBytes: tf.memory().numBytes,
      kernels: times && summed(times, ({ kernel }) => kernel),
      parts: times && summed(times, ({ part }) => part),
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

/** The longest first. */
function summed(times: readonly KernelTime[], nameOf: (time: KernelTime) => string): KernelReport[] {
  const sums = new Map<string, KernelReport>();
  for (const time of times) {
    const name = nameOf(time);
    const { count, ms, bytes, flops } = sums.get(name) ?? { count: 0, ms: 0, bytes: 0, flops: 0 };
    sums.set(name, {
      name,
      count: count + 1,
      ms: ms + time.ms,
      bytes: bytes + time.bytes,
      flops: flops + time.flops,
    });
  }
  return [...sums.values()].sort((a, b) => b.ms - a.ms);
}

const post = (message: ProfileMessage) => postMessage(message);

addEventListener("message", ({ data }: MessageEvent<ProfileRequest>) => {
  profile(data).then(
    (report) => post({ kind: "report", report }),
    (error: unknown) =>
      post({ kind: "failed", message: error instanceof Error ? error.message : String(error) }),
  );
});
