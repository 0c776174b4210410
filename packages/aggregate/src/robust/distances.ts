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
      for (let i = 0; i < members; i++) {
        if (held === null) addAll(squares[i]!, numbers[i]!, i, values);
        else for (let j = 0; j < i; j++) addCommon(squares[i]!, numbers[i]!, [i, j], values, held);
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

// Each pair's sum goes through all slices, so that it is the same however they are cut.

/** Of member i with each before it, four at a time: sums that do not wait for each other. */
function addAll(
  squares: Float64Array,
  numbers: Float64Array,
  i: number,
  values: readonly Float32Array[],
): void {
  const own = values[i]!;
  let j = 0;
  for (; j + 4 <= i; j += 4) {
    const [a, b, c, d] = [values[j]!, values[j + 1]!, values[j + 2]!, values[j + 3]!];
    let toA = squares[j]!;
    let toB = squares[j + 1]!;
    let toC = squares[j + 2]!;
    let toD = squares[j + 3]!;
    for (let at = 0; at < own.length; at++) {
      const x = own[at]!;
      const offA = x - a[at]!;
      const offB = x - b[at]!;
      const offC = x - c[at]!;
      const offD = x - d[at]!;
      toA += offA * offA;
      toB += offB * offB;
      toC += offC * offC;
      toD += offD * offD;
    }
    squares.set([toA, toB, toC, toD], j);
  }
  for (; j < i; j++) squares[j] = squaresBetween(own, values[j]!, squares[j]!);
  for (j = 0; j < i; j++) numbers[j]! += own.length;
}

function squaresBetween(a: Float32Array, b: Float32Array, before: number): number {
  let squares = before;
  for (let at = 0; at < a.length; at++) {
    const off = a[at]! - b[at]!;
    squares += off * off;
  }
  return squares;
}

function addCommon(
  squares: Float64Array,
  numbers: Float64Array,
  [i, j]: readonly [number, number],
  values: readonly Float32Array[],
  held: readonly Uint8Array[],
): void {
  const [a, b, p, q] = [values[i]!, values[j]!, held[i]!, held[j]!];
  let sum = squares[j]!;
  let common = 0;
  for (let at = 0; at < a.length; at++) {
    if (p[at] === 0 || q[at] === 0) continue;
    const off = a[at]! - b[at]!;
    sum += off * off;
    common += 1;
  }
  squares[j] = sum;
  numbers[j]! += common;
}

const square = (size: number) => Array.from({ length: size }, () => new Float64Array(size));
