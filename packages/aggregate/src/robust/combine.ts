// Number by number: what is left when the mixes of a group are laid beside each other.

import type { Shares } from "./mixing.ts";
import type { Slice } from "./slice.ts";

export interface Combination {
  /** What is combined: deltas, or mixes of them. */
  readonly mixes: readonly Shares[];
  /** Of the mixes. */
  readonly weights: readonly number[];
  /** Of the numbers of all mixes: their weighted mean, without the smallest and the largest, or the median. */
  readonly rule: "mean" | "trimmed-mean" | "median";
  /** The share of all weight that the trimmed mean leaves out at each end; below a half. */
  readonly attackers: number;
}

export interface Combined {
  /** 0 where nobody holds it. */
  readonly numbers: Float32Array;
  /** 1 for each number that somebody holds; null where all hold all. */
  readonly held: Uint8Array | null;
}

/** So many numbers of all mixes are near the processor at once. */
const pieceSize = 2048;

export function combine(combination: Combination, { values, held }: Slice): Combined {
  const { mixes, weights, rule, attackers } = combination;
  const size = values[0]!.length;
  const numbers = new Float32Array(size);
  const some = held && new Uint8Array(size);
  const mixed = mixes.map(() => new Float64Array(Math.min(pieceSize, size)));
  const there = held && mixes.map(() => new Float64Array(Math.min(pieceSize, size)));
  const column = columnOf(mixes.length);
  for (let start = 0; start < size; start += pieceSize) {
    const end = Math.min(size, start + pieceSize);
    for (const [m, shares] of mixes.entries())
      mix(shares, { values, held }, [start, end], mixed[m]!, there?.[m] ?? null);
    for (let i = start; i < end; i++) {
      column.clear();
      for (let m = 0; m < mixes.length; m++) {
        const share = there === null ? 1 : there[m]![i - start]!;
        if (share > 0) column.add(mixed[m]![i - start]! / share, weights[m]!);
      }
      if (column.size() === 0) continue;
      numbers[i] = column.result(rule, rule === "trimmed-mean" ? attackers : 0);
      if (some !== null) some[i] = 1;
    }
  }
  return { numbers, held: some };
}

/** Sums of what is held by their shares, and, where not all hold all, the shares themselves. */
function mix(
  shares: Shares,
  { values, held }: Slice,
  [start, end]: readonly [number, number],
  into: Float64Array,
  there: Float64Array | null,
): void {
  into.fill(0);
  there?.fill(0);
  for (const [member, share] of shares.entries()) {
    if (share === 0) continue;
    const [own, holds] = [values[member]!, held?.[member]];
    if (holds === undefined || there === null)
      for (let i = start; i < end; i++) into[i - start]! += share * own[i]!;
    else
      for (let i = start; i < end; i++) {
        if (holds[i] === 0) continue;
        into[i - start]! += share * own[i]!;
        there[i - start]! += share;
      }
  }
}

/** One number of all mixes that have it, in order of size. */
function columnOf(most: number) {
  const [numbers, weights] = [new Float64Array(most), new Float64Array(most)];
  let size = 0;
  return {
    clear: () => {
      size = 0;
    },
    size: () => size,
    add(number: number, weight: number) {
      let at = size++;
      for (; at > 0 && numbers[at - 1]! > number; at--) {
        numbers[at] = numbers[at - 1]!;
        weights[at] = weights[at - 1]!;
      }
      numbers[at] = number;
      weights[at] = weight;
    },
    result(rule: Combination["rule"], cut: number): number {
      if (rule === "median") {
        const middle = (size - 1) >> 1;
        return size % 2 === 1 ? numbers[middle]! : (numbers[middle]! + numbers[middle + 1]!) / 2;
      }
      let whole = 0;
      for (let i = 0; i < size; i++) whole += weights[i]!;
      const [from, to] = [cut * whole, (1 - cut) * whole];
      let [sum, before] = [0, 0];
      for (let i = 0; i < size; i++) {
        const after = before + weights[i]!;
        const left = Math.min(after, to) - Math.max(before, from);
        if (left > 0) sum += left * numbers[i]!;
        before = after;
      }
      return sum / (to - from);
    },
  };
}
