// Batches: rows of a shard as inputs and targets, as the trainer takes them.
//
// Which rows is a function of the run's seed, source, slot, round and step alone, so a volunteer that comes back
// draws what it would have drawn.

import { InputError, permutation, random } from "@homebody/base";
import type { Shard } from "./shard.ts";

export interface Batch {
  /** [rows, context], flat; a place after the end of the stream holds 0. */
  readonly inputs: Int32Array;
  /** [rows, context], flat; -100 does not count. */
  readonly targets: Int32Array;
  readonly rows: number;
  readonly context: number;
}

export interface Draw {
  /** The run's. */
  readonly seed: number | string;
  readonly source: string;
  /** Which of the source's volunteers in this round, from 0. */
  readonly slot: number;
  /** How many volunteers of the source the round has. */
  readonly slots: number;
  readonly round: number;
  /** Of the round, from 0. */
  readonly step: number;
  /** Steps of a round: a round begins where the one before it ended. */
  readonly localSteps: number;
  /** Rows a batch. */
  readonly batch: number;
}

export const ignored = -100;

/**
 * The rows of the shard are shuffled anew for each epoch; the epochs in a row are one endless order. The volunteers
 * of a source deal it out among themselves: step 0 of slot 0, step 0 of slot 1, ..., then step 1. So as long as the
 * number of volunteers stays, each row is drawn once before any is drawn again; and within a round two slots never
 * draw the same row of the same epoch. A volunteer with a text that no other has is slot 0 of 1.
 */
export function drawBatch(shard: Shard, draw: Draw): Batch {
  const { slot, slots, round, step, localSteps, batch } = draw;
  if (!(slot >= 0 && slot < slots)) throw new InputError("draw, slot", `0 to ${slots - 1}`, `${slot}`);
  if (!(step >= 0 && step < localSteps))
    throw new InputError("draw, step", `0 to ${localSteps - 1}`, `${step}`);
  const first = ((round * localSteps + step) * slots + slot) * batch;
  return batchOf(shard, rowsInTurn(shard, `${draw.seed}/${draw.source}`, first, batch));
}

/** So many rows from a place on of their endless order: they are shuffled anew for each epoch, and the epochs follow each other. */
export function rowsInTurn(
  of: { readonly rows: number },
  seed: string,
  first: number,
  count: number,
): readonly number[] {
  return Array.from({ length: count }, (_, i) => {
    const epoch = Math.floor((first + i) / of.rows);
    return epochOrder(of, `${seed}/epoch ${epoch}`)[(first + i) % of.rows]!;
  });
}

/** The last two orders: a batch may span two epochs. */
const orders = lastOf<Uint32Array>(2);

const epochOrder = (of: { readonly rows: number }, seed: string) =>
  orders(of, seed, () => permutation(of.rows, random(seed)));

/** What was made last of a shard, under a name each, as long as the shard is there. */
function lastOf<T>(most: number): (shard: object, name: string, make: () => T) => T {
  const known = new WeakMap<object, Map<string, T>>();
  return (shard, name, make) => {
    const kept = known.get(shard) ?? new Map<string, T>();
    known.set(shard, kept);
    const found = kept.get(name);
    if (found !== undefined) return found;
    for (const oldest of kept.keys()) {
      if (kept.size < most) break;
      kept.delete(oldest);
    }
    const made = make();
    kept.set(name, made);
    return made;
  };
}

export interface HeldOutBatch extends Batch {
  /** UTF-8 bytes of what the batch predicts: the divisor of bits per byte. */
  readonly bytes: number;
  /** Targets that count. */
  readonly tokens: number;
}

export interface HeldOutOptions {
  /** Rows a batch. The last batch is filled up with rows that do not count, so all have one shape. */
  readonly batch: number;
  /** Rows evaluated: the same ones each time for the same seed. */
  readonly sampleRows: number | "all";
  readonly seed: number | string;
}

/** Each body is evaluated on the same batches: where they are few they are kept, else the order of the rows is. */
export function heldOutBatches(shard: Shard, options: HeldOutOptions): Iterable<HeldOutBatch> {
  const { batch, sampleRows, seed } = options;
  const rows = Math.min(shard.rows, sampleRows === "all" ? shard.rows : sampleRows);
  if (rows * shard.context > mostKeptTokens) return madeHeldOut(shard, options, rows);
  return keptHeldOut(shard, [rows, batch, seed].join("/"), () => [...madeHeldOut(shard, options, rows)]);
}

const mostKeptTokens = 65_536;
const keptHeldOut = lastOf<readonly HeldOutBatch[]>(1);
const heldOutOrders = lastOf<Uint32Array>(1);

function* madeHeldOut(
  shard: Shard,
  { batch, seed }: Pick<HeldOutOptions, "batch" | "seed">,
  count: number,
): Generator<HeldOutBatch> {
  const order = () => permutation(shard.rows, random(`${seed}/held-out rows`));
  const sample = heldOutOrders(shard, `${seed}`, order).slice(0, count).sort();
  for (let start = 0; start < count; start += batch) {
    const rows = [...sample.subarray(start, start + batch)];
    const bytes = rows.reduce((sum, row) => sum + shard.rowBytes[row]!, 0);
    const filled = batchOf(shard, rows, batch);
    let tokens = 0;
    for (const target of filled.targets) if (target >= 0) tokens += 1;
    yield { ...filled, bytes, tokens };
  }
}

/** The given rows, and as many that do not count as `size` asks for. */
function batchOf(shard: Shard, rows: readonly number[], size = rows.length): Batch {
  const { context, stream } = shard;
  const inputs = new Int32Array(size * context);
  const targets = new Int32Array(size * context).fill(ignored);
  for (const [i, row] of rows.entries()) {
    const start = row * context;
    const predicted = Math.min(context, stream.length - 1 - start);
    for (let t = 0; t < predicted; t++) {
      inputs[i * context + t] = stream[start + t]!;
      targets[i * context + t] = stream[start + t + 1]!;
    }
  }
  return { inputs, targets, rows: size, context };
}
