// Whole training steps, timed: ours, and those who train the same model beside us. Runs in Node and in browsers.

import {
  chooseDesign,
  designFor,
  matmul,
  Plan,
  startRuntime,
  tilings,
  Workspace,
  whole,
} from "@homebody/kernels";
import { dimensions } from "@homebody/model";
import {
  loadFirst,
  type Optimiser,
  type StartOptions,
  startBackend,
  type TrainerOptions,
} from "@homebody/train";
import { createMeasuringTrainer, sumTimes, type TimeSum } from "@homebody/train/measuring";
import * as tf from "@tensorflow/tfjs";
import { adam, type Bench, batchOf, benchOf, optimisers, type Peer } from "./configs.ts";

export const contestants = ["homebody", "jax-js", "tfjs"] as const;
export type Contestant = (typeof contestants)[number];

export interface Request {
  readonly name: Contestant;
  readonly backend: "webgpu" | "wasm";
  readonly config: string;
  readonly vocabulary?: number;
  readonly context?: number;
  readonly rows?: number;
  readonly steps: number;
  readonly recompute?: boolean;
  readonly half?: boolean;
  /** Of the body's matrices; AdamW if it is not given. */
  readonly optimiser?: Optimiser["kind"];
  /** On wasm; all cores if it is not given. */
  readonly threads?: number;
}

export interface Row {
  readonly name: Contestant;
  readonly backend: string;
  readonly config: string;
  readonly adapter: string;
  readonly tokensPerSecond: number;
  /** Median. */
  readonly msPerStep: number;
  readonly steps: number;
  readonly firstStepMs: number;
  /** Before the first step and before the last. */
  readonly losses: readonly [number, number];
  /** Of our own alone, from here on. */
  readonly threads?: number;
  readonly dispatches?: number;
  readonly submits?: number;
  /** Of JavaScript, to start a step; on wasm JavaScript waits for all of it. */
  readonly hostMs?: number;
  readonly tensorBytes?: number;
  /** What matrix products take of the time of all kernels. */
  readonly matmulShare?: number;
  /** Their rate over the best that any tiling of ours reaches on this adapter, at 512 x 512 x 512. */
  readonly matmulOfBest?: number;
  readonly gflops?: number;
  /** Time of kernels by kind, in ms. */
  readonly kernels?: Readonly<Record<string, number>>;
  /** The same by region of the model: its head, its optimiser, its embedding, its layers. */
  readonly regions?: Readonly<Record<string, number>>;
  readonly peakProcessBytes?: number;
}

export async function measure(request: Request, start: StartOptions = {}): Promise<Row> {
  const bench = benchOf(request.config, request);
  if (request.name === "homebody") return measureOurs(request, bench, start);
  const adapter = request.name === "tfjs" ? (await startBackend(request.backend, start)).adapter : "";
  const peer = await peerOf(request, bench);
  try {
    return { ...(await timed(request, bench, peer)), adapter };
  } finally {
    peer.dispose();
  }
}

async function peerOf({ name, backend }: Request, bench: Bench): Promise<Peer> {
  if (bench.config.model_type !== "gpt2")
    throw new Error(`${name}: expected a gpt2, which its model here is, got ${bench.config.model_type}`);
  if (name === "tfjs") return (await import("./peers/tfjs.ts")).tfjsPeer(bench);
  return (await import("./peers/jax-js.ts")).jaxPeer(bench, backend);
}

async function measureOurs(request: Request, bench: Bench, start: StartOptions): Promise<Row> {
  const { adapter, helpers } = await startBackend(request.backend, {
    ...start,
    ...(request.threads && { threads: request.threads }),
  });
  const { config } = bench;
  const { recompute = false, half = false } = request;
  const optimiser = optimisers[request.optimiser ?? "adamw"];
  const options: TrainerOptions = { config, ...adam, optimiser, recompute, half, helpers };
  const trainer = createMeasuringTrainer(options);
  try {
    loadFirst(trainer, "bench");
    const batch = batchOf(bench);
    const hostTimes: number[] = [];
    const peer: Peer = {
      step: async () => {
        const began = performance.now();
        const result = trainer.step(batch, adam.learningRate);
        hostTimes.push(performance.now() - began);
        return (await result).loss;
      },
      dispose: () => {},
    };
    const row = await timed(request, bench, peer);
    const own = {
      adapter,
      ...trainer.counts(batch),
      ...(request.backend === "wasm" && { threads: helpers.length + 1 }),
      tensorBytes: tf.memory().numBytes,
      ...(request.backend === "webgpu" && { hostMs: median(hostTimes.slice(1)) }),
    };
    await trainer.profile(batch);
    const times = await trainer.profile(batch);
    if (times === null) return { ...row, ...own };
    const best = await bestRate();
    const all = times.reduce((sum, { ms }) => sum + ms, 0);
    const products = times.filter(({ kernel }) => kernel === "MatMul");
    const ms = products.reduce((sum, one) => sum + one.ms, 0);
    const gflops = products.reduce((sum, { flops }) => sum + flops, 0) / ms / 1e6;
    return {
      ...row,
      ...own,
      gflops,
      matmulShare: ms / all,
      matmulOfBest: gflops / best,
      kernels: msByName(sumTimes(times, ({ kernel }) => kernel)),
      regions: msByName(sumTimes(times, ({ region }) => region.replace(/^layer \d+ .*/, "layers"))),
    };
  } finally {
    trainer.dispose();
  }
}

async function timed({ name, backend, config, steps }: Request, bench: Bench, peer: Peer): Promise<Row> {
  const one = async () => {
    const began = performance.now();
    const loss = await peer.step();
    return { loss, ms: performance.now() - began };
  };
  const first = await one();
  const all = [];
  for (let step = 0; step < steps; step++) all.push(await one());
  const msPerStep = median(all.map(({ ms }) => ms));
  const { context } = dimensions(bench.config);
  return {
    name,
    backend,
    config,
    adapter: "",
    tokensPerSecond: (1000 * bench.rows * context) / msPerStep,
    msPerStep,
    steps,
    firstStepMs: first.ms,
    losses: [first.loss, all.at(-1)!.loss],
  };
}

/** GFLOP/s of the best tiling at 512 x 512 x 512; of wasm's one kernel there. */
async function bestRate(): Promise<number> {
  const size = 512;
  const rate = async () => {
    const space = new Workspace(startRuntime());
    const [a, b, c] = ["a", "b", "c"].map((name) => whole(space.keep(name, size * size), [size, size]));
    const plan = new Plan();
    for (let i = 0; i < 3; i++) matmul(plan, a!, b!, { into: c! });
    const prepared = space.prepare(plan);
    await prepared.profile();
    const times = (await prepared.profile()) ?? [];
    space.dispose();
    return Math.max(...times.map(({ flops, ms }) => flops / ms / 1e6));
  };
  if (tf.getBackend() !== "webgpu") return rate();
  const { device } = tf.backend() as unknown as { device: GPUDevice };
  const before = designFor(device);
  let best = 0;
  for (const tiling of Object.values(tilings)) {
    chooseDesign(device, { ...before, matmul: tiling, fewBlocks: 0 });
    best = Math.max(best, await rate());
  }
  chooseDesign(device, before);
  return best;
}

const msByName = (sums: readonly TimeSum[]) => Object.fromEntries(sums.map(({ name, ms }) => [name, ms]));

export function median(numbers: readonly number[]): number {
  return [...numbers].sort((a, b) => a - b)[Math.floor(numbers.length / 2)] ?? Number.NaN;
}
