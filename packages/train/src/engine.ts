// The plans of a model on the backend that runs, ready for batches of any shape: gradients, losses, logits.
//
// What a trainer does with a whole batch, and a helper with its share of one. Static shapes: a few shapes are kept
// ready, each with what its batches bring; the oldest makes way.

import { InputError } from "@homebody/base";
import {
  chains,
  type Numbers,
  type Prepared,
  ropeTables,
  type Storage,
  startRuntime,
  Workspace,
  whole,
} from "@homebody/kernels";
import { type Arrangement, arrange, dimensions } from "@homebody/model";
import type { Batch } from "@homebody/text";
import {
  addPlan,
  type BatchShape,
  type EngineOptions,
  gradientPlan,
  keepBatch,
  keepModel,
  logitsPlan,
  lossPlan,
  type ModelStorages,
  movePlan,
  type PlanInputs,
} from "./plans.ts";

export interface Ready {
  readonly shape: BatchShape;
  plan(kind: PlanKind): Prepared;
  write(name: "ids" | "targets" | "row", values: Int32Array): void;
  /** All that training takes of a batch. */
  writeBatch(batch: Batch): void;
  /** Of the batch that was run last. */
  sumOfLosses(): Promise<number>;
  /** Of the plan "logits", or "row". */
  readLogits(kind: "logits" | "row"): Promise<Float32Array>;
}

export type PlanKind = "gradients" | "more gradients" | "move" | "losses" | "logits" | "row";

/** Shapes that are kept ready: training, evaluation, sampling, and a last part of a batch. */
const shapesKept = 4;

export interface Engine {
  readonly arrangement: Arrangement;
  readonly space: Workspace;
  readonly model: ModelStorages;
  readyFor(shape: BatchShape): Ready;
  /** Starts the gradients of a batch, part by part; `first` has the losses, and the move that follows. */
  startGradients(batch: Batch): { readonly first: Ready; readonly plans: readonly Prepared[] };
  /** Parts of a batch with their shapes' plans, as startGradients takes them. */
  partsOf(batch: Batch): readonly { readonly part: Batch; readonly at: Ready; readonly plan: Prepared }[];
  /** The sum of losses, each times the share in settings. */
  losses(batch: Batch): Promise<number>;
  /** Adds gradients that were made elsewhere, of the same arrangement. */
  addGradients(gradients: Float32Array): void;
  dispose(): void;
}

export function createEngine(options: EngineOptions): Engine {
  const { config, half = false } = options;
  const { context, headSize, vocabulary } = dimensions(config);
  const arrangement = arrange(config);
  const space = new Workspace(startRuntime());
  const keep = (name: string, size: number, type?: "f32" | "f16" | "i32") => space.keep(name, size, type);
  const model = keepModel(arrangement, half, keep);
  const ready = new Map<string, Ready & { forget(): void }>();
  const write = (storage: Storage, values: Numbers) => space.write(whole(storage), values);
  let others: { readonly gradients: Storage; readonly plan: Prepared } | undefined;

  function readyFor({ rows, context: length }: BatchShape): Ready {
    if (length > context) throw new InputError("batch: context", `at most ${context}`, `${length}`);
    const shape = { rows, context: length };
    const key = `${rows}x${length}`;
    const found = ready.get(key) ?? makeReady(shape);
    ready.delete(key); // and in again, as the latest
    if (ready.size >= shapesKept) {
      const [oldest, gone] = [...ready][0]!;
      gone.forget();
      ready.delete(oldest);
    }
    ready.set(key, found);
    return found;
  }

  function makeReady(shape: BatchShape): Ready & { forget(): void } {
    const batch = keepBatch(config, shape, keep);
    if (config.model_type === "llama") {
      const { cos, sin } = ropeTables(shape.context, headSize, config.rope_theta);
      write(batch.cos!, cos);
      write(batch.sin!, sin);
    }
    const inputs: PlanInputs = { options, arrangement, model, batch, shape };
    const plans = new Map<PlanKind, Prepared>();
    const extras: Partial<Record<"logits" | "row logits" | "row", Storage>> = {};

    function make(kind: PlanKind) {
      if (kind === "gradients") return gradientPlan(inputs, false);
      if (kind === "more gradients") return gradientPlan(inputs, true);
      if (kind === "move") return movePlan(inputs);
      if (kind === "losses") return lossPlan(inputs);
      if (kind === "logits") {
        extras.logits = keep("logits", shape.rows * shape.context * vocabulary);
        return logitsPlan(inputs, extras.logits, null);
      }
      extras["row logits"] = keep("row logits", vocabulary);
      extras.row = keep("row", 1, "i32");
      return logitsPlan(inputs, extras["row logits"], extras.row);
    }

    return {
      shape,
      plan: (kind) => {
        const known = plans.get(kind);
        if (known !== undefined) return known;
        const plan = space.prepare(make(kind));
        plans.set(kind, plan);
        return plan;
      },
      write: (name, values) => write(name === "row" ? extras.row! : batch[name], values),
      writeBatch: ({ inputs, targets }) => {
        const { heads, links } = chains(inputs, vocabulary);
        write(batch.ids, inputs);
        write(batch.heads, heads);
        write(batch.links, links);
        write(batch.targets, targets);
      },
      sumOfLosses: async () => {
        const losses = await space.read(whole(batch.losses), batch.losses.size);
        return losses.reduce((sum, loss) => sum + loss, 0);
      },
      readLogits: (kind) => {
        const storage = extras[kind === "row" ? "row logits" : "logits"]!;
        return space.read(whole(storage), storage.size);
      },
      forget: () => {
        for (const plan of plans.values()) plan.dispose();
        for (const storage of [...Object.values(batch), ...Object.values(extras)])
          if (storage !== null) space.release(storage);
      },
    };
  }

  /** What is in memory at a time: as many rows as the memory plan allows. */
  function cut(batch: Batch): Batch[] {
    const { rows } = batch;
    const count = Math.ceil(rows / Math.min(rows, options.rowsAtOnce ?? rows));
    const most = Math.ceil(rows / count);
    return Array.from({ length: count }, (_, i) =>
      padded(rowsOfBatch(batch, i * most, Math.min(rows, (i + 1) * most)), most),
    );
  }

  function partsOf(batch: Batch) {
    return cut(batch).map((part, i) => {
      const at = readyFor(part);
      return { part, at, plan: at.plan(i === 0 ? "gradients" : "more gradients") };
    });
  }

  async function losses(batch: Batch): Promise<number> {
    let sum = 0;
    for (const part of cut(batch)) {
      const at = readyFor(part);
      at.write("ids", part.inputs);
      at.write("targets", part.targets);
      at.plan("losses").run();
      sum += await at.sumOfLosses();
    }
    return sum;
  }

  return {
    arrangement,
    space,
    model,
    readyFor,
    partsOf,
    losses,
    startGradients: (batch) => {
      const parts = partsOf(batch);
      for (const { part, at, plan } of parts) {
        at.writeBatch(part);
        plan.run();
      }
      return { first: parts[0]!.at, plans: parts.map(({ plan }) => plan) };
    },
    addGradients: (gradients) => {
      if (others === undefined) {
        const storage = keep("others' gradients", arrangement.size);
        others = { gradients: storage, plan: space.prepare(addPlan({ model }, storage)) };
      }
      write(others.gradients, gradients);
      others.plan.run();
    },
    dispose: () => space.dispose(),
  };
}

/** Rows `first` to `end` of a batch, `end` not among them. */
export function rowsOfBatch(batch: Batch, first: number, end: number): Batch {
  const cut = (ids: Int32Array) => ids.subarray(first * batch.context, end * batch.context);
  return { ...batch, rows: end - first, inputs: cut(batch.inputs), targets: cut(batch.targets) };
}

/** As many rows as the other parts have, so that one shape does for all: those that are added do not count. */
function padded(part: Batch, rows: number): Batch {
  if (part.rows === rows) return part;
  const inputs = new Int32Array(rows * part.context);
  inputs.set(part.inputs);
  const targets = new Int32Array(rows * part.context).fill(-100);
  targets.set(part.targets);
  return { ...part, rows, inputs, targets };
}
