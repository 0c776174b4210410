// Which design is the fastest on an adapter, measured: matrix products in every tiling, and rows of logits in both
// designs of row kernels. A second or less; who starts an engine keeps the answer.

import { crossEntropy } from "../cross-entropy/index.ts";
import { matmul } from "../matmul/index.ts";
import { Plan, whole } from "../plan/plan.ts";
import { Workspace } from "../plan/workspace.ts";
import { type Design, designs, natureOf, type TilingName, tilings } from "./design.ts";
import { WebgpuRuntime } from "./runtime.ts";
import type { Variant } from "./wgsl.ts";

/** A design by the names of its parts, to be kept and shown. */
export interface Tuning {
  readonly matmul: TilingName;
  readonly rows: Variant;
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
  const trial = await timeProduct(device, names[0]!, 256);
  const size = trial < 2 ? 1024 : 256;
  let best: { name: TilingName; ms: number } | undefined;
  for (const name of names) {
    const ms = await timeProduct(device, name, size);
    if (best === undefined || ms < best.ms) best = { name, ms };
    // Against its nature, and far from the best: so are the others of that kind, and they may compile for long.
    else if (rank(name, nature) > 0 && ms > 2 * best.ms) break;
  }
  const software = await timeRows("software");
  const hardware = await timeRows("hardware");
  return {
    matmul: best!.name,
    rows: software < hardware ? "software" : "hardware",
    gflops: (2 * size ** 3) / best!.ms / 1e6,
  };
}

const rank = (name: TilingName, nature: Variant) => Number(tilings[name].shared !== (nature === "hardware"));

function fits({ limits }: GPUDevice, name: TilingName): boolean {
  const { shared, side, rows, columns, depth } = tilings[name];
  const bytes = shared ? 4 * side * (rows + columns) * depth : 0;
  return (
    side ** 2 <= limits.maxComputeInvocationsPerWorkgroup && bytes <= limits.maxComputeWorkgroupStorageSize
  );
}

/** Milliseconds of a square product. */
async function timeProduct(device: GPUDevice, name: TilingName, size: number): Promise<number> {
  const space = new Workspace(
    new WebgpuRuntime({ ...designs[natureOf(device)], matmul: tilings[name], fewBlocks: 0 }),
  );
  const [a, b, c] = ["a", "b", "c"].map((name) => whole(space.keep(name, size * size), [size, size]));
  const plan = new Plan();
  matmul(plan, a!, b!, { into: c! });
  return timePlan(space, plan);
}

async function timeRows(rows: Variant): Promise<number> {
  const [count, vocabulary] = [64, 2048];
  const space = new Workspace(new WebgpuRuntime({ ...designs[rows], rows }));
  const keep = (name: string, shape: readonly number[], type: "f32" | "i32" = "f32") =>
    whole(
      space.keep(
        name,
        shape.reduce((product, n) => product * n, 1),
        type,
      ),
      shape,
    );
  const inputs = {
    targets: keep("targets", [count], "i32"),
    settings: keep("settings", [8]),
    losses: keep("losses", [count]),
  };
  const plan = new Plan();
  crossEntropy(plan, keep("logits", [count, vocabulary]), inputs, { gradient: true });
  return timePlan(space, plan);
}

/** The better of two runs, after one that compiles. */
async function timePlan(space: Workspace, plan: Plan): Promise<number> {
  const prepared = space.prepare(plan);
  const once = async () => {
    const times = await prepared.profile();
    if (times !== null) return times.reduce((sum, { ms }) => sum + ms, 0);
    const began = performance.now();
    prepared.run();
    await space.settled();
    return performance.now() - began;
  };
  try {
    await once();
    return Math.min(await once(), await once());
  } finally {
    space.dispose();
  }
}
