// Which design is the fastest on an adapter, measured: matrix products in every tiling, and rows of logits in both
// designs of row kernels. A second or less; who starts an engine keeps the answer.

import { settingsSize } from "../adamw/spec.ts";
import { crossEntropy } from "../cross-entropy/index.ts";
import { matmul } from "../matmul/index.ts";
import { type ElementType, Plan, sizeOf, whole } from "../plan/plan.ts";
import { Workspace } from "../plan/workspace.ts";
import { type Design, designs, natureOf, type TilingName, tilings } from "./design.ts";
import { WebgpuRuntime } from "./runtime.ts";
import type { DesignName } from "./wgsl.ts";

/** A design by the names of its parts, to be kept and shown. */
export interface Tuning {
  readonly matmul: TilingName;
  readonly rows: DesignName;
  /** GFLOP/s of the products that were timed. */
  readonly gflops: number;
}

/** Another number where designs have changed, so that what was kept is measured again. */
export const tuningVersion = 1;

export function designOf({ matmul, rows }: Pick<Tuning, "matmul" | "rows">): Design {
  return { matmul: tilings[matmul], rows, fewBlocks: tilings[matmul].shared ? 128 : 0 };
}

export function isTuning(value: unknown): value is Tuning {
  if (typeof value !== "object" || value === null) return false;
  const { matmul, rows, gflops } = value as Record<string, unknown>;
  return (
    typeof matmul === "string" &&
    Object.hasOwn(tilings, matmul) &&
    (rows === "software" || rows === "hardware") &&
    typeof gflops === "number"
  );
}

/** Of the backend that runs. */
export async function tune(device: GPUDevice): Promise<Tuning> {
  const nature = natureOf(device);
  const names = (Object.keys(tilings) as TilingName[]).filter((name) => fits(device, name));
  // What suits the adapter's nature comes first, and tells how large a product has to be to be timed.
  names.sort((a, b) => rank(a, nature) - rank(b, nature));
  const trial = await timeProduct(device, names[0]!, small);
  const shape = trial < 2 ? large : small;
  const timed: { readonly name: TilingName; ms: number }[] = [];
  const fastest = () => timed.reduce((a, b) => (b.ms < plainly * a.ms ? b : a));
  for (const name of names) {
    timed.push({
      name,
      ms: await timeProduct(device, name, shape, 3 * (timed[0]?.ms ?? Number.POSITIVE_INFINITY)),
    });
    // Against its nature, and far from the best: so are the others of that kind, and they may compile for long.
    if (rank(name, nature) > 0 && timed.at(-1)!.ms > 2 * fastest().ms) break;
  }
  // What comes close is timed once more: devices have other work.
  const close = 1.4 * fastest().ms;
  for (const one of timed)
    if (one.ms < close) one.ms = Math.min(one.ms, await timeProduct(device, one.name, shape));
  const best = fastest();
  const other = nature === "software" ? "hardware" : "software";
  const isOtherFaster = (await timeRows(other)) < plainly * (await timeRows(nature));
  return {
    matmul: best.name,
    rows: isOtherFaster ? other : nature,
    gflops: (2 * shape.m * shape.n * shape.k) / best.ms / 1e6,
  };
}

/** What is faster has to be so by this much: clocks are coarse, devices have other work. */
const plainly = 0.95;

/** Of products, as a small model has them, and as keep a fast card busy. */
const small = { m: 512, k: 128, n: 512 };
const large = { m: 1024, k: 1024, n: 1024 };

const rank = (name: TilingName, nature: DesignName) =>
  Number(tilings[name].shared !== (nature === "hardware"));

function fits({ limits }: GPUDevice, name: TilingName): boolean {
  const { shared, side, rows, columns, depth } = tilings[name];
  const bytes = shared ? 4 * side * (rows + columns) * depth : 0;
  return (
    side ** 2 <= limits.maxComputeInvocationsPerWorkgroup && bytes <= limits.maxComputeWorkgroupStorageSize
  );
}

async function timeProduct(
  device: GPUDevice,
  name: TilingName,
  { m, k, n }: typeof small,
  hopelessMs = Number.POSITIVE_INFINITY,
): Promise<number> {
  const space = new Workspace(
    new WebgpuRuntime({ ...designs[natureOf(device)], matmul: tilings[name], fewBlocks: 0 }),
  );
  const keep = (rows: number, columns: number) =>
    whole(space.keep("matrix", rows * columns), [rows, columns]);
  const [a, b, c] = [keep(m, k), keep(k, n), keep(m, n)];
  return timeCommand(space, (plan) => matmul(plan, a, b, { into: c }), hopelessMs);
}

async function timeRows(rows: DesignName): Promise<number> {
  const [count, vocabulary] = [64, 2048];
  const space = new Workspace(new WebgpuRuntime({ ...designs[rows], rows }));
  const keep = (name: string, shape: readonly number[], type: ElementType = "f32") =>
    whole(space.keep(name, sizeOf(shape), type), shape);
  const inputs = {
    targets: keep("targets", [count], "i32"),
    settings: keep("settings", [settingsSize]),
    losses: keep("losses", [count]),
  };
  const logits = keep("logits", [count, vocabulary]);
  return timeCommand(space, (plan) => crossEntropy(plan, logits, inputs, { gradient: true }));
}

/**
 * Milliseconds of a command: the best of three runs, after one that compiles; the first where that is hopeless. By the
 * wall clock, over as many of them as take long enough: browsers round the device's clock to a tenth of a millisecond.
 */
async function timeCommand(
  space: Workspace,
  add: (plan: Plan) => void,
  hopelessMs = Number.POSITIVE_INFINITY,
): Promise<number> {
  const time = async (times: number): Promise<number> => {
    const plan = new Plan();
    for (let i = 0; i < times; i++) add(plan);
    const prepared = space.prepare(plan);
    const once = async () => {
      const began = performance.now();
      prepared.run();
      await space.idle();
      return performance.now() - began;
    };
    await once();
    const first = await once();
    if (first > hopelessMs) return first / times;
    return Math.min(first, await once(), await once()) / times;
  };
  try {
    const rough = await time(1);
    return rough >= longEnoughMs ? rough : await time(Math.min(64, Math.ceil(longEnoughMs / rough)));
  } finally {
    space.dispose();
  }
}

const longEnoughMs = 10;
