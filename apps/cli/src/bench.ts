// homebody bench: measures. Figures of one call are from one run, on one machine, side by side: compare only those.

import { parseArgs } from "node:util";
import { InputError, random } from "@homebody/base";
import {
  countParameters,
  dimensions,
  groups,
  initialParameters,
  type ModelConfig,
  modelConfig,
} from "@homebody/model";
import { createTrainer, startBackend, type Trainer } from "@homebody/train";
import * as tf from "@tensorflow/tfjs";
import { wholeNumber } from "./options.ts";
import { installWebGpu } from "./webgpu.ts";

export const usage = `
homebody bench engine [--backend wasm|webgpu] [--config reference|experiment|tiny] [--steps N] [--json]

Whole training steps: our kernels beside the same model in tfjs's own ops.
  reference    gpt2: vocabulary 4,096, width 128, 4 layers, T 128, B 8, untied
  experiment   llama: vocabulary 2,048, width 128, 4 layers, T 128, B 8 (docs/experiments)
  tiny         llama: vocabulary 512, width 64, 2 layers, T 64, B 4
`;

interface Bench {
  readonly config: ModelConfig;
  readonly batch: number;
}

const configs: Readonly<Record<string, Bench>> = {
  reference: {
    config: modelConfig(
      { family: "gpt2", depth: 4, context: 128, overrides: { width: 128, heads: 4, tied: false } },
      4096,
    ),
    batch: 8,
  },
  experiment: {
    config: modelConfig(
      { family: "llama", depth: 4, context: 128, overrides: { width: 128, heads: 4, hidden: 480 } },
      2048,
    ),
    batch: 8,
  },
  tiny: {
    config: modelConfig({ family: "llama", depth: 2, context: 64, overrides: { width: 64, heads: 4 } }, 512),
    batch: 4,
  },
};

export async function run(args: readonly string[]): Promise<number> {
  const { values, positionals } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: {
      backend: { type: "string", default: "wasm" },
      config: { type: "string", default: "reference" },
      steps: { type: "string", default: "5" },
      json: { type: "boolean", default: false },
    },
  });
  if (positionals.length !== 1 || positionals[0] !== "engine")
    throw new InputError("bench", "engine", positionals.join(" ") || "nothing");
  const { backend } = values;
  if (backend !== "wasm" && backend !== "webgpu")
    throw new InputError("--backend", "wasm or webgpu", backend);
  const bench = Object.hasOwn(configs, values.config) ? configs[values.config] : undefined;
  if (bench === undefined)
    throw new InputError("--config", Object.keys(configs).join(", "), JSON.stringify(values.config));
  const steps = wholeNumber("--steps", values.steps, 3, 10_000);
  if (backend === "webgpu") await installWebGpu();
  const { adapter } = await startBackend(backend);
  const rows = [];
  for (const name of ["homebody"] as const) {
    const timing = await timed(bench, steps);
    rows.push({ name, backend, adapter, config: values.config, ...timing });
  }
  if (values.json) process.stdout.write(`${JSON.stringify(rows)}\n`);
  else {
    for (const { name, tokensPerSecond, msPerStep, tensorBytes } of rows)
      process.stdout.write(
        `${name.padEnd(9)} ${tokensPerSecond.toFixed(0).padStart(6)} tokens/s  ${msPerStep.toFixed(1)} ms a step  ` +
          `${(tensorBytes / 1e6).toFixed(0)} MB of tensors\n`,
      );
  }
  return 0;
}

async function timed({ config, batch: rows }: Bench, steps: number) {
  const { context, vocabulary } = dimensions(config);
  const trainer = createTrainer({
    config,
    betas: [0.9, 0.95],
    epsilon: 1e-8,
    weightDecay: 0.1,
    clip: 1,
    frozenBody: false,
  });
  try {
    load(trainer, config);
    const dice = random("bench");
    const ids = () => Int32Array.from({ length: rows * context }, () => dice.below(vocabulary));
    const batch = { inputs: ids(), targets: ids(), rows, context };
    const first = performance.now();
    await trainer.step(batch, 1e-3);
    const firstStepMs = performance.now() - first;
    const times: number[] = [];
    for (let step = 0; step < steps; step++) {
      const began = performance.now();
      await trainer.step(batch, 1e-3);
      times.push(performance.now() - began);
    }
    const msPerStep = times.sort((a, b) => a - b)[Math.floor(times.length / 2)]!;
    return {
      tokensPerSecond: (1000 * rows * context) / msPerStep,
      msPerStep,
      firstStepMs,
      tensorBytes: tf.memory().numBytes,
      peakProcessBytes: process.resourceUsage().maxRSS * 1024,
    };
  } finally {
    trainer.dispose();
  }
}

function load(trainer: Trainer, config: ModelConfig): void {
  for (const group of groups)
    if (countParameters(config, group) > 0) trainer.load(group, initialParameters(config, [group], "bench"));
}
