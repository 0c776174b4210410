// The plans of a model on the backend that runs, ready for batches of any shape: gradients and losses.
//
// What a trainer does with a whole batch, and a helper with its share of one. Static shapes: a few shapes are kept
// ready, each with what its batches bring; the oldest makes way.

import { InputError } from "@homebody/base";
import {
  chains,
  type Numbers,
  type Prepared,
  type Storage,
  startRuntime,
  stepSettings,
  Workspace,
  whole,
} from "@homebody/kernels";
import { type Arrangement, arrange, dimensions, type Group, groups } from "@homebody/model";
import type { Batch } from "@homebody/text";
import type { Keep } from "./keep.ts";
import { movePlan } from "./move.ts";
import {
  addPlan,
  type BatchShape,
  type EngineOptions,
  gradientPlan,
  keepBatch,
  keepModel,
  lossPlan,
  type ModelStorages,
  type PlanInputs,
  piecesOf,
  settingsStride,
} from "./plans.ts";
import { allOf, type Moving } from "./rates.ts";
import { writeTables } from "./tables.ts";

export interface Ready {
  readonly inputs: PlanInputs;
  /** `more`: added to what there is. */
  gradients(moving: Moving, more: boolean): Prepared;
  move(moving: Moving): Prepared;
  /** Of losses alone. */
  losses(): Prepared;
  write(name: "ids" | "targets", values: Int32Array): void;
  /** All that training takes of a batch. */
  writeBatch(batch: Batch): void;
  /** Of the batch that was run last. */
  sumOfLosses(): Promise<number>;
}

/** Shapes that are kept ready: training, evaluation, and the last part of a batch of each. */
const shapesKept = 4;

export interface Engine {
  readonly arrangement: Arrangement;
  readonly space: Workspace;
  readonly model: ModelStorages;
  readyFor(shape: BatchShape): Ready;
  /** Of a step: the share of each loss; learning rates, and how many steps the moments will have had, by group. */
  writeSettings(share: number, steps?: Partial<Record<Group, StepOfGroup>>): void;
  /** Starts the gradients of a batch, part by part; the first part's has the losses, and the move that follows. */
  startGradients(batch: Batch, moving: Moving): Ready;
  /** Parts of a batch with their shapes' plans, as startGradients takes them. */
  partsOf(batch: Batch, moving: Moving): readonly Part[];
  /** The sum of losses, each times the share in settings. */
  losses(batch: Batch): Promise<number>;
  /** Piece by piece of the flat array. */
  readGradients(moving: Moving): Promise<readonly Float32Array[]>;
  /** Adds what another engine's readGradients gave. */
  addGradients(moving: Moving, gradients: readonly Float32Array[]): void;
  dispose(): void;
}

export interface StepOfGroup {
  readonly learningRate: number;
  /** From 1. */
  readonly step: number;
}

export interface Part {
  readonly part: Batch;
  readonly at: Ready;
  readonly plan: Prepared;
}

export function createEngine(options: EngineOptions): Engine {
  const { config, half = false, optimiser } = options;
  if (optimiser?.kind === "muon" && !(optimiser.momentum >= 0 && optimiser.momentum < 1))
    throw new InputError("optimiser: momentum", "a number from 0 on, below 1", `${optimiser.momentum}`);
  const { context, vocabulary } = dimensions(config);
  const arrangement = arrange(config);
  const space = new Workspace(startRuntime());
  const keep: Keep = (name, size, type) => space.keep(name, size, type);
  const model = keepModel(arrangement, half, keep);
  const ready = new Map<string, Ready & { forget(): void }>();
  const write = (storage: Storage, values: Numbers) => space.write(whole(storage), values);
  const all = allOf(arrangement);
  let others: Storage | undefined;
  const additions = new Map<string, Prepared>();

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
    writeTables(config, shape.context, batch, write);
    const inputs: PlanInputs = { options, arrangement, model, batch, shape };
    const plans = new Map<string, Prepared>();

    /** Memory for temporaries: of one kind of plan, whatever moves, since one runs at a time. */
    const shared = { gradients: [] as readonly Storage[], move: [] as readonly Storage[] };

    const kept = (key: string, make: () => Prepared): Prepared => {
      const plan = plans.get(key) ?? make();
      plans.set(key, plan);
      return plan;
    };

    return {
      inputs,
      gradients: (moving, more) =>
        kept(`gradients ${moving} ${more}`, () => {
          if (shared.gradients.length === 0) shared.gradients = space.share(gradientPlan(inputs, all, more));
          return space.prepare(gradientPlan(inputs, moving, more), shared.gradients);
        }),
      move: (moving) =>
        kept(`move ${moving}`, () => {
          if (shared.move.length === 0) shared.move = space.share(movePlan(inputs, all));
          return space.prepare(movePlan(inputs, moving), shared.move);
        }),
      losses: () => kept("losses", () => space.prepare(lossPlan(inputs))),
      write: (name, values) => write(batch[name], values),
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
      forget: () => {
        for (const plan of plans.values()) plan.dispose();
        const own = [...Object.values(batch), ...shared.gradients, ...shared.move];
        for (const storage of own) if (storage !== null) space.release(storage);
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

  function partsOf(batch: Batch, moving: Moving): Part[] {
    return cut(batch).map((part, i) => {
      const at = readyFor(part);
      return { part, at, plan: at.gradients(moving, i > 0) };
    });
  }

  function writeSettings(share: number, steps: Partial<Record<Group, StepOfGroup>> = {}): void {
    const { betas, weightDecay: decay } = options;
    const numbers = new Float32Array(groups.length * settingsStride);
    for (const [i, group] of groups.entries()) {
      const { learningRate = 0, step = 1 } = steps[group] ?? {};
      const own = stepSettings({ share, learningRate, decay, step }, { beta1: betas[0], beta2: betas[1] });
      numbers.set(own, i * settingsStride);
    }
    write(model.settings, numbers);
  }

  async function losses(batch: Batch): Promise<number> {
    let sum = 0;
    for (const part of cut(batch)) {
      const at = readyFor(part);
      at.write("ids", part.inputs);
      at.write("targets", part.targets);
      at.losses().run();
      sum += await at.sumOfLosses();
    }
    return sum;
  }

  return {
    arrangement,
    space,
    model,
    readyFor,
    writeSettings,
    partsOf,
    losses,
    startGradients: (batch, moving) => {
      const parts = partsOf(batch, moving);
      for (const { part, at, plan } of parts) {
        at.writeBatch(part);
        plan.run();
      }
      return parts[0]!.at;
    },
    readGradients: (moving) =>
      Promise.all(
        piecesOf(model.gradients, arrangement, moving).map((piece) => space.read(piece, piece.shape[0]!)),
      ),
    addGradients: (moving, gradients) => {
      others ??= keep("others' gradients", arrangement.size);
      const pieces = piecesOf(others, arrangement, moving);
      for (const [i, piece] of pieces.entries()) space.write(piece, gradients[i]!);
      const key = `${moving}`;
      const plan =
        additions.get(key) ?? space.prepare(addPlan(pieces, piecesOf(model.gradients, arrangement, moving)));
      additions.set(key, plan);
      plan.run();
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
