// How far the deltas of a group are from each other: the mean square of the differences of what both hold, so that deltas of
// different rows compare. Sums in float64, slice by slice.

import type { Slice } from "./slice.ts";

/** By member and member; infinite for two that have no number in common, 0 for oneself. */
export type Distances = readonly Float64Array[];

export interface MeasuredDistances {
  add(slice: Slice): void;
  result(): Distances;
}

export function distances(members: number): MeasuredDistances {
  const [squares, numbers] = [square(members), square(members)];
  return {
    add({ values, held }) {
      for (let i = 0; i < members; i++)
        for (let j = 0; j < i; j++) {
          const sums = { squares: squares[i]![j]!, numbers: numbers[i]![j]! };
          if (held === null) addAll(sums, values[i]!, values[j]!);
          else addCommon(sums, [values[i]!, values[j]!], [held[i]!, held[j]!]);
          squares[i]![j] = sums.squares;
          numbers[i]![j] = sums.numbers;
        }
    },
    result() {
      const found = square(members);
      for (let i = 0; i < members; i++)
        for (let j = 0; j < i; j++) {
          const common = numbers[i]![j]!;
          const own = common === 0 ? Number.POSITIVE_INFINITY : squares[i]![j]! / common;
          found[i]![j] = own;
          found[j]![i] = own;
        }
      return found;
    },
  };
}

/** One sum goes through all slices, so that it is the same however they are cut. */
interface Sums {
  squares: number;
  numbers: number;
}

function addAll(sums: Sums, a: Float32Array, b: Float32Array): void {
  let { squares } = sums;
  for (let i = 0; i < a.length; i++) {
    const off = a[i]! - b[i]!;
    squares += off * off;
  }
  sums.squares = squares;
  sums.numbers += a.length;
}

function addCommon(
  sums: Sums,
  [a, b]: readonly [Float32Array, Float32Array],
  [p, q]: readonly [Uint8Array, Uint8Array],
): void {
  for (let i = 0; i < a.length; i++) {
    if (p[i] === 0 || q[i] === 0) continue;
    const off = a[i]! - b[i]!;
    sums.squares += off * off;
    sums.numbers += 1;
  }
}

const square = (size: number) => Array.from({ length: size }, () => new Float64Array(size));
