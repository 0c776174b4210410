// The plans of a trainer: gradients, losses, logits (the optimiser's move is in move.ts). Pure: storages may be of any workspace, or of
// none, to learn what a plan would take.

import {
  add,
  alignment,
  cast,
  type Operand,
  Plan,
  type Storage,
  settingsSize,
  whole,
} from "@homebody/kernels/plans";
import {
  type Arrangement,
  dimensions,
  type Group,
  groups,
  type LossOperands,
  type ModelConfig,
  type ModelOperands,
  planGradients,
  planLogits,
  planLosses,
  planStates,
  type TrainingOptions,
  type Weights,
} from "@homebody/model";
import type { Keep } from "./keep.ts";
import { type Moving, spansOf } from "./rates.ts";
import { keepTables, type TableStorages, tablesOf } from "./tables.ts";

export type Optimiser =
  | { readonly kind: "adamw" }
  /** Momentum from 0 on, below 1: Jordan et al. (2024) take 0.95. */
  | { readonly kind: "muon"; readonly momentum: number };

/** What a model trains by. */
export interface EngineOptions {
  readonly config: ModelConfig;
  readonly betas: readonly [number, number];
  readonly epsilon: number;
  readonly weightDecay: number;
  /** Largest norm of all gradients together. */
  readonly clip: number;
  /** Of the body's matrices; all else moves by AdamW, and so do they where it is not given. */
  readonly optimiser?: Optimiser;
  /** Rows of a batch that are in memory at a time; their gradients add up. All at once if it is not given. */
  readonly rowsAtOnce?: number;
  /** Less memory for a third more work: layers keep their inputs alone. */
  readonly recompute?: boolean;
  /** Activations and matrices in half precision, where the backend has it; sums and parameters stay float32. */
  readonly half?: boolean;
}

/** What a model has for as long as it trains: four numbers a parameter, five and a half with halves. */
export interface ModelStorages {
  readonly values: Storage;
  readonly gradients: Storage;
  /** AdamW's first moment; of matrices that Muon moves its momentum. */
  readonly first: Storage;
  /** AdamW's second moment; of matrices that Muon moves it is unused. */
  readonly second: Storage;
  /** Copies of the values, for products; null where everything is float32. */
  readonly halves: Storage | null;
  /** What gradientNorm leaves. */
  readonly control: Storage;
  /** stepSettings of each group, written before each step: see settingsOf. */
  readonly settings: Storage;
}

export function keepModel({ size }: Arrangement, half: boolean, keep: Keep): ModelStorages {
  return {
    values: keep("values", size),
    gradients: keep("gradients", size),
    first: keep("first moments", size),
    second: keep("second moments", size),
    halves: half ? keep("halves", size, "f16") : null,
    control: keep("control", 4),
    settings: keep("settings", groups.length * settingsStride),
  };
}

/** A group's settings begin where kernels may begin to read. */
export const settingsStride = alignment;

/** Those of a group. The share of a batch is in all of them. */
export function settingsOf({ settings }: Pick<ModelStorages, "settings">, group: Group): Operand {
  return { storage: settings, offset: groups.indexOf(group) * settingsStride, shape: [settingsSize] };
}

/** What a batch of one shape brings. */
export interface BatchStorages extends TableStorages {
  readonly ids: Storage;
  readonly targets: Storage;
  readonly heads: Storage;
  readonly links: Storage;
  readonly losses: Storage;
}

export interface BatchShape {
  readonly rows: number;
  readonly context: number;
}

export function keepBatch(config: ModelConfig, { rows, context }: BatchShape, keep: Keep): BatchStorages {
  const { vocabulary } = dimensions(config);
  const count = rows * context;
  return {
    ids: keep("ids", count, "i32"),
    targets: keep("targets", count, "i32"),
    heads: keep("heads", vocabulary, "i32"),
    links: keep("links", count, "i32"),
    losses: keep("losses", count),
    ...keepTables(config, context, keep),
  };
}

export interface PlanInputs {
  readonly options: EngineOptions;
  readonly arrangement: Arrangement;
  readonly model: ModelStorages;
  readonly batch: BatchStorages;
  readonly shape: BatchShape;
}

/** Of the groups that move; `accumulate`: added to what there is. */
export function gradientPlan(inputs: PlanInputs, moving: Moving, accumulate: boolean): Plan {
  const { model, batch, options } = inputs;
  const plan = new Plan();
  const { halves, values } = model;
  if (halves !== null && !accumulate) {
    plan.region("halves");
    cast(plan, whole(values), whole(halves));
  }
  const training: TrainingOptions = {
    recompute: options.recompute ?? false,
    half: halves !== null,
    accumulate,
  };
  const chains = { heads: whole(batch.heads), links: whole(batch.links) };
  planGradients(plan, { ...lossOperands(inputs, moving), chains }, training);
  return plan;
}

/** What groups have of a storage of the arrangement. */
export function piecesOf(storage: Storage, arrangement: Arrangement, some: Moving): readonly Operand[] {
  return spansOf(arrangement, some).map(({ offset, size }) => ({ storage, offset, shape: [size] }));
}

/** Gradients that were made elsewhere, added to those made here. */
export function addPlan(others: readonly Operand[], gradients: readonly Operand[]): Plan {
  const plan = new Plan();
  for (const [i, piece] of others.entries()) add(plan, piece, gradients[i]!);
  return plan;
}

/** Losses alone. */
export function lossPlan(inputs: PlanInputs): Plan {
  const plan = new Plan();
  planLosses(plan, lossOperands(inputs, null));
  return plan;
}

/** [N, V], into `logits`. */
export function logitsPlan(inputs: PlanInputs, logits: Storage): Plan {
  const plan = new Plan();
  const model = modelOperands(inputs, null);
  planLogits(plan, model, planStates(plan, model), logits);
  return plan;
}

function lossOperands(inputs: PlanInputs, moving: Moving | null): LossOperands {
  const { batch, model } = inputs;
  return {
    ...modelOperands(inputs, moving),
    targets: whole(batch.targets),
    settings: settingsOf(model, "theta"),
    losses: whole(batch.losses),
  };
}

/** `moving`: null where no gradient is made; halves are then of no use. */
function modelOperands(
  { options, arrangement, model, batch, shape }: PlanInputs,
  moving: Moving | null,
): ModelOperands {
  const { config } = options;
  const place = (storage: Storage, name: string) => placeOf(arrangement, storage, name);
  const rangeOf = (offset: number) =>
    arrangement.ranges.find((range) => offset >= range.offset && offset < range.offset + range.size)!;
  const weights: Weights = {
    value: (name) => place(model.values, name),
    matrix: (name) => place((moving && model.halves) ?? model.values, name),
    gradient: (name) => {
      const operand = place(model.gradients, name);
      return moving?.includes(rangeOf(operand.offset).group) ? operand : null;
    },
  };
  return {
    config,
    weights,
    batch: shape.rows,
    ids: whole(batch.ids),
    tables: tablesOf(batch, shape.context),
  };
}

/** A parameter in a storage of the arrangement. */
export function placeOf({ places }: Arrangement, storage: Storage, name: string): Operand {
  const found = places.get(name);
  if (found === undefined) throw new Error(`${name}: expected a parameter of the model, got an unknown name`);
  return { storage, ...found };
}
