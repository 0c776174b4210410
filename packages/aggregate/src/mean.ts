// The mean of many deltas of one section, one at a time: sums in float64, so memory is that of one delta, whatever their
// number. Equal deltas in an equal order give equal bytes.
//
// The mean is taken within a source, then over sources. A delta may hold only some rows of the section (DEPT's TRIM);
// each row is then averaged over those that hold it, with a denominator of its own, and a row that nobody holds has
// none.

import { InputError, type TensorLayout } from "@homebody/base";
import { type Contribution, sourceWeights, type Weighting } from "./weights.ts";

/** A delta of a section: from whom, and which rows of every tensor it holds. */
export interface Holding extends Contribution {
  /** Ascending; null: all rows. */
  readonly rows: Int32Array | null;
}

export interface SectionMean {
  /** The delta of the i-th holding: the held rows of the section's tensors, one after another. */
  add(i: number, delta: Float32Array): void;
  /** After the last delta. */
  result(): MeanOfHoldings;
}

export interface Mean {
  /** As the section's layout; 0 in rows that nobody holds. */
  readonly numbers: Float32Array;
  /** 1 for each row that somebody holds; null where everybody holds all. */
  readonly held: Uint8Array | null;
}

export interface MeanOfHoldings extends Mean {
  /** What the i-th holding's delta makes of the mean in a row that it holds: from 0 to 1. */
  shareOf(i: number, row: number): number;
}

export function sectionMean(
  layout: TensorLayout,
  holdings: readonly Holding[],
  weighting: Weighting,
): SectionMean {
  const weights = sourceWeights(holdings, weighting);
  return holdings.some(({ rows }) => rows !== null)
    ? meanOfRows(layout, holdings, weights)
    : meanOfAll(layout.size, weights);
}

function meanOfAll(size: number, weights: readonly number[]): SectionMean {
  const sum = new Float64Array(size);
  let total = 0;
  return {
    add(i, delta) {
      requireSize(delta, size);
      const weight = weights[i]!;
      total += weight;
      for (let j = 0; j < size; j++) sum[j] = sum[j]! + weight * delta[j]!;
    },
    result() {
      requireSome(total);
      const numbers = new Float32Array(size);
      for (let j = 0; j < size; j++) numbers[j] = sum[j]! / total;
      return { numbers, held: null, shareOf: (i) => weights[i]! / total };
    },
  };
}

function meanOfRows(
  layout: TensorLayout,
  holdings: readonly Holding[],
  weights: readonly number[],
): SectionMean {
  const rows = rowsOf(layout);
  const sum = new Float64Array(layout.size);
  const total = new Float64Array(rows);
  const shares = sharesOfRows(rows, holdings, weights);
  const everyRow = Int32Array.from({ length: rows }, (_, row) => row);
  let added = 0;
  return {
    add(i, delta) {
      const held = holdings[i]!.rows ?? everyRow;
      requireSize(delta, (layout.size / rows) * held.length);
      const weight = weights[i]!;
      const share = shares.get(holdings[i]!.source)!;
      added += 1;
      for (const row of held) total[row] = total[row]! + weight * share[row]!;
      let from = 0;
      for (const { offset, size } of layout.slots) {
        const width = size / rows;
        for (const row of held) {
          const own = weight * share[row]!;
          const to = offset + row * width;
          for (let j = 0; j < width; j++) sum[to + j] = sum[to + j]! + own * delta[from + j]!;
          from += width;
        }
      }
    },
    result() {
      requireSome(added);
      const numbers = new Float32Array(layout.size);
      for (const { offset, size } of layout.slots) {
        const width = size / rows;
        for (let row = 0; row < rows; row++) {
          if (total[row] === 0) continue;
          const at = offset + row * width;
          for (let j = at; j < at + width; j++) numbers[j] = sum[j]! / total[row]!;
        }
      }
      const held = Uint8Array.from(total, (weight) => (weight > 0 ? 1 : 0));
      const shareOf = (i: number, row: number) =>
        total[row] === 0 ? 0 : (weights[i]! * shares.get(holdings[i]!.source)![row]!) / total[row]!;
      return { numbers, held, shareOf };
    },
  };
}

/**
 * By source, a factor for each row: those who hold it share the whole weight of their source. Exactly 1 where all of
 * the source hold it, so that rows which everybody holds are averaged as if there were no row maps.
 */
function sharesOfRows(
  rows: number,
  holdings: readonly Holding[],
  weights: readonly number[],
): ReadonlyMap<string, Float64Array> {
  const members = new Map<string, number[]>();
  for (const [i, { source }] of holdings.entries()) members.set(source, [...(members.get(source) ?? []), i]);
  const shares = new Map<string, Float64Array>();
  for (const [source, own] of members) {
    const holders = new Int32Array(rows);
    const held = new Float64Array(rows);
    let whole = 0;
    for (const i of own) {
      whole += weights[i]!;
      const ids = holdings[i]!.rows;
      for (let at = 0; at < (ids?.length ?? rows); at++) {
        const row = ids === null ? at : ids[at]!;
        holders[row] = holders[row]! + 1;
        held[row] = held[row]! + weights[i]!;
      }
    }
    shares.set(
      source,
      held.map((weight, row) => (holders[row] === own.length || weight === 0 ? 1 : whole / weight)),
    );
  }
  return shares;
}

/** The rows that all tensors of a section have in common. */
export function rowsOf({ slots }: TensorLayout): number {
  const rows = slots[0]?.shape[0] ?? 0;
  const other = slots.find(({ shape }) => shape[0] !== rows);
  if (rows === 0 || other !== undefined)
    throw new InputError(
      "section",
      `tensors of ${rows} rows`,
      other ? `${other.name} of ${other.shape}` : "none",
    );
  return rows;
}

function requireSize({ length }: Float32Array, size: number): void {
  if (length !== size) throw new InputError("mean", `${size} numbers`, `${length}`);
}

function requireSome(weight: number): void {
  if (weight <= 0) throw new InputError("mean", "a weight above 0", `${weight}`);
}
