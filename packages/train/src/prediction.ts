// What it takes to go on from what a model has read: storages, plans and memory. Pure, as plans.ts: a storage may be of any
// workspace, or of none.

import { Plan, rowsOf, type Storage, temporaryBytes, whole } from "@homebody/kernels/plans";
import {
  type Arrangement,
  arrange,
  dimensions,
  type ModelConfig,
  planLogits,
  planStates,
  type Weights,
} from "@homebody/model";
import { counting, type Keep } from "./keep.ts";
import { inMegabytes, type MemoryLimits, type Taken } from "./memory.ts";
import { placeOf } from "./plans.ts";
import { keepTables, type TableStorages, tablesOf } from "./tables.ts";

/** What a model has for as long as it predicts; tables over the whole context. */
export interface PredictorStorages extends TableStorages {
  readonly values: Storage;
  /** [V], of the token after the last one that was read. */
  readonly logits: Storage;
}

/** Tokens that are read at once, newest first: so the row whose logits are wanted begins where a kernel may begin to read. */
export interface PieceStorages {
  readonly ids: Storage;
  readonly places: Storage;
}

export function keepPredictor(config: ModelConfig, { size }: Arrangement, keep: Keep): PredictorStorages {
  const { context, vocabulary } = dimensions(config);
  return {
    values: keep("values", size),
    ...keepTables(config, context, keep),
    logits: keep("logits", vocabulary),
  };
}

export const keepPiece = (rows: number, keep: Keep): PieceStorages => ({
  ids: keep("ids", rows, "i32"),
  places: keep("places", rows, "i32"),
});

/** Keys and values of each layer, over the whole context. */
export function keepCache(config: ModelConfig, keep: Keep): readonly Storage[] {
  const { layers, context, kvHeads, headSize } = dimensions(config);
  return Array.from({ length: layers }, (_, i) =>
    keep(`keys and values ${i}`, context * 2 * kvHeads * headSize),
  );
}

export interface PredictionInputs {
  readonly config: ModelConfig;
  readonly arrangement: Arrangement;
  readonly predictor: PredictorStorages;
  readonly piece: PieceStorages;
  readonly cache: readonly Storage[];
}

/** Reads a piece into the cache, and leaves the logits of its first row. */
export function predictionPlan({ config, arrangement, predictor, piece, cache }: PredictionInputs): Plan {
  const plan = new Plan();
  const { context } = dimensions(config);
  const value = (name: string) => placeOf(arrangement, predictor.values, name);
  const weights: Weights = { value, matrix: value, gradient: () => null };
  const tables = tablesOf(predictor, context);
  const model = { config, weights, batch: 1, ids: whole(piece.ids), tables };
  const layers = cache.map((storage) => whole(storage, [context, storage.size / context]));
  const states = planStates(plan, model, { places: whole(piece.places), layers });
  planLogits(plan, model, rowsOf(states, 0, 1), predictor.logits);
  return plan;
}

/** Rows of a piece: one token that follows, a few, or a part of a prompt. */
export const pieceSizes = ({ context }: { readonly context: number }): readonly number[] =>
  [1, 8, 64].filter((rows) => rows === 1 || rows <= context);

/** Bytes of a model that predicts with one cache, and of its largest piece of memory. */
export function predictionMemory(config: ModelConfig): Taken {
  const { keep, sizes } = counting();
  const arrangement = arrange(config);
  const predictor = keepPredictor(config, arrangement, keep);
  const cache = keepCache(config, keep);
  const temporaries = pieceSizes(dimensions(config)).map((rows) =>
    temporaryBytes(predictionPlan({ config, arrangement, predictor, piece: keepPiece(rows, keep), cache })),
  );
  const bytes = [...sizes, ...temporaries].reduce((sum, one) => sum + one, 0);
  return { bytes, largestBuffer: Math.max(...sizes) };
}

/** In words, where a device lends too little; else null. */
export function tooLargeToPredict(config: ModelConfig, limits: MemoryLimits): string | null {
  const { bytes, largestBuffer } = predictionMemory(config);
  const [takes, lent, where] =
    bytes > limits.bytes ? [bytes, limits.bytes, ""] : [largestBuffer, limits.bufferBytes, " in one piece"];
  if (takes <= lent) return null;
  return `This model is too large for this device: to go on from a prompt takes ${inMegabytes(takes)} of memory${where}, and the device lends ${inMegabytes(lent)}.`;
}
