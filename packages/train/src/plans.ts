// The plans of a trainer: gradients, the optimiser's move, losses, logits. Pure: storages may be of any workspace, or of
// none, to learn what a plan would take.

import {
  adamw,
  add,
  cast,
  embedding,
  gradientNorm,
  type Operand,
  Plan,
  type Storage,
  settingsSize,
  whole,
} from "@homebody/kernels";
import {
  type Arrangement,
  dimensions,
  type Group,
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

/** What a model trains by. */
export interface EngineOptions {
  readonly config: ModelConfig;
  readonly betas: readonly [number, number];
  readonly epsilon: number;
  readonly weightDecay: number;
  /** Largest norm of all gradients together. */
  readonly clip: number;
  /** A control for experiments: only phi and psi learn. */
  readonly frozenBody: boolean;
  /** Rows of a batch that are in memory at a time; their gradients add up. All at once if it is not given. */
  readonly rowsAtOnce?: number;
  /** Less memory for a third more work: layers keep their inputs alone. */
  readonly recompute?: boolean;
  /** Activations and matrices in half precision, where the backend has it; sums and parameters stay float32. */
  readonly half?: boolean;
}

export type Keep = (name: string, size: number, type?: "f32" | "f16" | "i32") => Storage;

/** What a model has for as long as it trains: four numbers a parameter, five and a half with halves. */
export interface ModelStorages {
  readonly values: Storage;
  readonly gradients: Storage;
  readonly first: Storage;
  readonly second: Storage;
  /** Copies of the values, for products; null where everything is float32. */
  readonly halves: Storage | null;
  /** What gradientNorm leaves. */
  readonly control: Storage;
  /** stepSettings, written before each step. */
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
    settings: keep("settings", settingsSize),
  };
}

/** What a batch of one shape brings. */
export interface BatchStorages {
  readonly ids: Storage;
  readonly targets: Storage;
  readonly heads: Storage;
  readonly links: Storage;
  readonly losses: Storage;
  /** RoPE's, for llama. */
  readonly cos: Storage | null;
  readonly sin: Storage | null;
}

export interface BatchShape {
  readonly rows: number;
  readonly context: number;
}

export function keepBatch(config: ModelConfig, { rows, context }: BatchShape, keep: Keep): BatchStorages {
  const { vocabulary, headSize } = dimensions(config);
  const count = rows * context;
  const table = (name: string) =>
    config.model_type === "llama" ? keep(name, (context * headSize) / 2) : null;
  return {
    ids: keep("ids", count, "i32"),
    targets: keep("targets", count, "i32"),
    heads: keep("heads", vocabulary, "i32"),
    links: keep("links", count, "i32"),
    losses: keep("losses", count),
    cos: table("cos"),
    sin: table("sin"),
  };
}

export interface PlanInputs {
  readonly options: EngineOptions;
  readonly arrangement: Arrangement;
  readonly model: ModelStorages;
  readonly batch: BatchStorages;
  readonly shape: BatchShape;
}

export function gradientPlan(inputs: PlanInputs, accumulate: boolean): Plan {
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
  planGradients(plan, { ...lossOperands(inputs, true), chains }, training);
  return plan;
}

/** The norm of gradients, and the move of all that learns. */
export function movePlan({ options, arrangement, model, batch }: PlanInputs): Plan {
  const plan = new Plan();
  plan.region("optimiser");
  const { control, settings } = { control: whole(model.control), settings: whole(model.settings) };
  gradientNorm(plan, whole(model.gradients), whole(batch.losses), control, options.clip);
  const constants = { beta1: options.betas[0], beta2: options.betas[1], epsilon: options.epsilon };
  for (const { offset, size, decays } of movingRanges(options, arrangement)) {
    const part = (storage: Storage): Operand => ({ storage, offset, shape: [size] });
    const operands = {
      parameter: part(model.values),
      gradient: part(model.gradients),
      first: part(model.first),
      second: part(model.second),
      control,
      settings,
    };
    adamw(plan, operands, constants, decays);
  }
  return plan;
}

/** What learns, in as few pieces as it takes. */
function movingRanges(
  options: EngineOptions,
  { ranges }: Arrangement,
): { offset: number; size: number; decays: boolean }[] {
  const moving: { offset: number; size: number; decays: boolean }[] = [];
  for (const { group, offset, size, decays } of ranges) {
    if (!learns(options, group)) continue;
    const last = moving.at(-1);
    if (last !== undefined && last.decays === decays && last.offset + last.size === offset) last.size += size;
    else moving.push({ offset, size, decays });
  }
  return moving;
}

/** Gradients that were made elsewhere, added to those made here. */
export function addPlan({ model }: Pick<PlanInputs, "model">, others: Storage): Plan {
  const plan = new Plan();
  add(plan, whole(others), whole(model.gradients));
  return plan;
}

/** Losses alone. */
export function lossPlan(inputs: PlanInputs): Plan {
  const plan = new Plan();
  planLosses(plan, lossOperands(inputs, false));
  return plan;
}

/** [N, V], or of one row alone where `row` [1] says which; into `logits`. */
export function logitsPlan(inputs: PlanInputs, logits: Storage, row: Storage | null): Plan {
  const plan = new Plan();
  const model = modelOperands(inputs, false);
  const states = planStates(plan, model);
  const wanted = row === null ? states : embedding(plan, whole(row), states);
  planLogits(plan, model, wanted, logits);
  return plan;
}

export const learns = ({ frozenBody }: EngineOptions, group: Group) => !(frozenBody && group === "theta");

function lossOperands(inputs: PlanInputs, halved: boolean): LossOperands {
  const { batch, model } = inputs;
  return {
    ...modelOperands(inputs, halved),
    targets: whole(batch.targets),
    settings: whole(model.settings),
    losses: whole(batch.losses),
  };
}

function modelOperands(
  { options, arrangement, model, batch, shape }: PlanInputs,
  halved: boolean,
): ModelOperands {
  const { config } = options;
  const place = (storage: Storage, name: string): Operand => {
    const found = arrangement.places.get(name);
    if (found === undefined)
      throw new Error(`${name}: expected a parameter of the model, got an unknown name`);
    return { storage, ...found };
  };
  const rangeOf = (offset: number) =>
    arrangement.ranges.find((range) => offset >= range.offset && offset < range.offset + range.size)!;
  const weights: Weights = {
    value: (name) => place(model.values, name),
    matrix: (name) => place(halved && model.halves !== null ? model.halves : model.values, name),
    gradient: (name) => {
      const operand = place(model.gradients, name);
      return learns(options, rangeOf(operand.offset).group) ? operand : null;
    },
  };
  const { cos, sin } = batch;
  const angles = cos === null ? [] : [shape.context, cos.size / shape.context];
  return {
    config,
    weights,
    batch: shape.rows,
    ids: whole(batch.ids),
    tables: cos === null || sin === null ? null : { cos: whole(cos, angles), sin: whole(sin, angles) },
  };
}
