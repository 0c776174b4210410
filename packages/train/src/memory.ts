// What training takes, before it starts: so that a page can say so, instead of losing the device.
//
// Counted from the very plans that would run: parameters, gradients and moments, what a batch brings, and the places
// that temporaries share, in training and in evaluation. Where it is too much, a batch goes through in parts; where it
// still is, layers run forward twice; where nothing helps, the largest model of the same kind that would fit is named.

import { noun, once } from "@homebody/base";
import { temporaryBytes } from "@homebody/kernels/plans";
import { arrange, type ModelConfig } from "@homebody/model";
import { EngineError } from "./errors.ts";
import { counting } from "./keep.ts";
import { movePlan } from "./move.ts";
import {
  type BatchShape,
  type EngineOptions,
  gradientPlan,
  keepBatch,
  keepModel,
  lossPlan,
} from "./plans.ts";
import { allOf } from "./rates.ts";

export interface MemoryLimits {
  /** Of everything together. */
  readonly bytes: number;
  /** Of one buffer. */
  readonly bufferBytes: number;
}

/** What of training takes memory, beside the model and its batches. */
export type MovedBy = Pick<EngineOptions, "optimiser">;

/** How a model trains within a limit. */
export interface MemoryPlan {
  readonly rowsAtOnce: number;
  readonly recompute: boolean;
  readonly bytes: number;
}

type How = Pick<EngineOptions, "rowsAtOnce" | "recompute" | "half" | "optimiser">;

/** In bytes. */
export interface Taken {
  readonly bytes: number;
  readonly largestBuffer: number;
}

/** Bytes of training and evaluation, on one thread. Counted once a config, which many devices of a process may have in common. */
export function trainingMemory(config: ModelConfig, shape: BatchShape, how: How = {}): Taken {
  const own = counted(config);
  const key = JSON.stringify([shape, how]);
  const taken = own.get(key) ?? count(config, shape, how);
  own.set(key, taken);
  return taken;
}

const counted = once((_: ModelConfig) => new Map<string, Taken>());

function count(config: ModelConfig, shape: BatchShape, how: How): Taken {
  const { rowsAtOnce = shape.rows, half = false } = how;
  // Only sizes count: numbers of the optimiser are anything.
  const numbers = { betas: [0, 0], epsilon: 1, weightDecay: 0, clip: 1 } as const;
  const options: EngineOptions = { config, ...numbers, ...how };
  const { keep, sizes } = counting();
  const arrangement = arrange(config);
  const model = keepModel(arrangement, half, keep);
  const partsOf = (shape: BatchShape) => ({
    options,
    arrangement,
    model,
    batch: keepBatch(config, shape, keep),
    shape,
  });
  const training = partsOf({ ...shape, rows: Math.min(rowsAtOnce, shape.rows) });
  // Where fewer groups move, their plans use the same memory (engine.ts).
  const all = allOf(arrangement);
  const plans = [gradientPlan(training, all, false), movePlan(training, all), lossPlan(training)];
  const largestBuffer = Math.max(...sizes);
  const temporaries = plans.reduce((sum, plan) => sum + temporaryBytes(plan), 0);
  return { bytes: sizes.reduce((sum, bytes) => sum + bytes, 0) + temporaries, largestBuffer };
}

const least = (config: ModelConfig, shape: BatchShape, { optimiser }: MovedBy) =>
  trainingMemory(config, shape, { rowsAtOnce: 1, recompute: true, ...(optimiser && { optimiser }) });

const isWithin = (limits: MemoryLimits, { bytes, largestBuffer }: Taken) =>
  bytes <= limits.bytes && largestBuffer <= limits.bufferBytes;

/** Tokens that still keep a device busy. */
const fewTokens = 512;

/** The fastest way that fits; null where none does. */
export function planMemory(
  config: ModelConfig,
  shape: BatchShape,
  limits: MemoryLimits,
  { optimiser }: MovedBy = {},
): MemoryPlan | null {
  const halvings: number[] = [];
  for (let rows = shape.rows; rows >= 1; rows = Math.floor(rows / 2)) halvings.push(rows);
  const busy = halvings.filter((rows) => rows === shape.rows || rows * shape.context >= fewTokens);
  const ways = [
    ...busy.map((rowsAtOnce) => ({ rowsAtOnce, recompute: false })),
    ...halvings.map((rowsAtOnce) => ({ rowsAtOnce, recompute: true })),
  ];
  for (const way of ways) {
    const taken = trainingMemory(config, shape, { ...way, ...(optimiser && { optimiser }) });
    if (isWithin(limits, taken)) return { ...way, bytes: taken.bytes };
  }
  return null;
}

/** The most layers of a model's kind that fit, everything else being equal; 0 where not even one does. */
export function largestDepth(
  config: ModelConfig,
  shape: BatchShape,
  limits: MemoryLimits,
  movedBy: MovedBy = {},
): number {
  const fits = (layers: number) => isWithin(limits, least(withLayers(config, layers), shape, movedBy));
  let [some, tooMany] = [0, 1];
  while (tooMany <= mostLayers && fits(tooMany)) [some, tooMany] = [tooMany, 2 * tooMany];
  while (tooMany - some > 1) {
    const middle = Math.floor((some + tooMany) / 2);
    if (fits(middle)) some = middle;
    else tooMany = middle;
  }
  return some;
}

/** As planMemory; throws an EngineError where no way fits: what the model takes, what there is, what would fit. */
export function requireMemory(
  config: ModelConfig,
  shape: BatchShape,
  limits: MemoryLimits,
  movedBy: MovedBy = {},
): MemoryPlan {
  const plan = planMemory(config, shape, limits, movedBy);
  if (plan === null) throw new EngineError(tooLarge(config, shape, limits, movedBy));
  return plan;
}

/** In words: what a model takes at least, what there is, and what would fit. */
export function tooLarge(
  config: ModelConfig,
  shape: BatchShape,
  limits: MemoryLimits,
  movedBy: MovedBy = {},
): string {
  const { bytes, largestBuffer } = least(config, shape, movedBy);
  const layers = largestDepth(config, shape, limits, movedBy);
  const instead =
    layers > 0
      ? `With ${layers} ${noun(layers, "layer")} it would fit.`
      : "Not even one layer would fit: its vocabulary alone is too large.";
  const [taken, lent] =
    bytes > limits.bytes
      ? [`${inMegabytes(bytes)} of memory at least`, inMegabytes(limits.bytes)]
      : [`${inMegabytes(largestBuffer)} of memory in one piece`, inMegabytes(limits.bufferBytes)];
  return `This model is too large for this device: it takes ${taken}, and the device lends ${lent}. ${instead}`;
}

export const inMegabytes = (bytes: number) => `${Math.ceil(bytes / 1e6).toLocaleString("en")} MB`;
const mostLayers = 512;

const withLayers = (config: ModelConfig, layers: number): ModelConfig =>
  config.model_type === "gpt2" ? { ...config, n_layer: layers } : { ...config, num_hidden_layers: layers };
