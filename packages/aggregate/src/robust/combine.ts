// Number by number: what is left when the mixes of a group are laid beside each other.

import type { Memory } from "@homebody/base";
import type { Shares } from "./mixing.ts";
import type { Slice } from "./slice.ts";

export interface Combination {
  /** What is combined: deltas, or mixes of them. */
  readonly mixes: readonly Shares[];
  /** Of the mixes. */
  readonly weights: readonly number[];
  /** What each of them has of the say in what is left out [C87]. */
  readonly votes: readonly number[];
  /** Of the numbers of all mixes: their weighted mean, without the smallest and the largest, or the median. */
  readonly rule: "mean" | "trimmed-mean" | "median";
  /** The share of all votes that the trimmed mean leaves out at each end; below a half. */
  readonly attackers: number;
}

export interface Combined {
  /** 0 where nobody holds it. */
  readonly numbers: Float32Array;
  /** 1 for each number that somebody holds; null where all hold all. */
  readonly held: Uint8Array | null;
}

/** `place`: where mixes are made, so that slice after slice may take the same. */
export function combine(
  combination: Combination,
  slice: Slice,
  place: Memory<Float64Array> = (size) => new Float64Array(size),
): Combined {
  const { mixes, weights, votes, rule, attackers } = combination;
  const size = slice.values[0]!.length;
  const numbers = new Float32Array(size);
  const some = slice.held && new Uint8Array(size);
  const there = slice.held && mixes.map(() => new Float64Array(size));
  const all = place(mixes.length * size).fill(0);
  const mixed = mixes.map((shares, m) => {
    const own = all.subarray(m * size, (m + 1) * size);
    addMix(own, shares, slice, there?.[m] ?? null);
    return own;
  });
  const column = columnOf(mixes.length);
  for (let i = 0; i < size; i++) {
    column.clear();
    for (let m = 0; m < mixes.length; m++) {
      const share = there === null ? 1 : there[m]![i]!;
      if (share > 0) column.add(mixed[m]![i]! / share, weights[m]!, votes[m]!);
    }
    if (column.size() === 0) continue;
    numbers[i] = column.result(rule, rule === "trimmed-mean" ? attackers : 0);
    if (some !== null) some[i] = 1;
  }
  return { numbers, held: some };
}

/** Sums of what is held by their shares; where not all hold all, the shares themselves are added to `there`. */
function addMix(
  mixed: Float64Array,
  shares: Shares,
  { values, held }: Slice,
  there: Float64Array | null,
): void {
  if (held === null || there === null) addAll(mixed, shares, values);
  else
    for (const member of membersOf(shares))
      addHeld(mixed, there, shares[member]!, values[member]!, held[member]!);
}

/** In the members' order; four at a time, so that a sum is read and written once for them. */
function addAll(mixed: Float64Array, shares: Shares, values: readonly Float32Array[]): void {
  const members = membersOf(shares);
  let at = 0;
  for (; at + 4 <= members.length; at += 4) {
    const [p, q, r, s] = [members[at]!, members[at + 1]!, members[at + 2]!, members[at + 3]!];
    const [a, b, c, d] = [values[p]!, values[q]!, values[r]!, values[s]!];
    const [ofA, ofB, ofC, ofD] = [shares[p]!, shares[q]!, shares[r]!, shares[s]!];
    for (let i = 0; i < mixed.length; i++)
      mixed[i] = mixed[i]! + ofA * a[i]! + ofB * b[i]! + ofC * c[i]! + ofD * d[i]!;
  }
  for (const member of members.slice(at)) {
    const [own, share] = [values[member]!, shares[member]!];
    for (let i = 0; i < mixed.length; i++) mixed[i]! += share * own[i]!;
  }
}

function addHeld(
  mixed: Float64Array,
  there: Float64Array,
  share: number,
  own: Float32Array,
  holds: Uint8Array,
): void {
  for (let i = 0; i < mixed.length; i++) {
    if (holds[i] === 0) continue;
    mixed[i]! += share * own[i]!;
    there[i]! += share;
  }
}

const membersOf = (shares: Shares): readonly number[] =>
  [...shares.keys()].filter((member) => shares[member] !== 0);

type Triple = [Float64Array, Float64Array, Float64Array];

/** One number of all mixes that have it, in order of size. */
function columnOf(most: number) {
  const [numbers, weights, votes] = [0, 0, 0].map(() => new Float64Array(most)) as Triple;
  let size = 0;
  return {
    clear: () => {
      size = 0;
    },
    size: () => size,
    add(number: number, weight: number, vote: number) {
      let at = size++;
      for (; at > 0 && numbers[at - 1]! > number; at--) {
        numbers[at] = numbers[at - 1]!;
        weights[at] = weights[at - 1]!;
        votes[at] = votes[at - 1]!;
      }
      numbers[at] = number;
      weights[at] = weight;
      votes[at] = vote;
    },
    result(rule: Combination["rule"], cut: number): number {
      if (rule === "median") {
        const middle = (size - 1) >> 1;
        return size % 2 === 1 ? numbers[middle]! : (numbers[middle]! + numbers[middle + 1]!) / 2;
      }
      let all = 0;
      for (let i = 0; i < size; i++) all += votes[i]!;
      const from = cut * all;
      const to = (1 - cut) * all;
      let sum = 0;
      let whole = 0;
      let before = 0;
      for (let i = 0; i < size; i++) {
        const after = before + votes[i]!;
        const left = Math.min(after, to) - Math.max(before, from);
        if (left > 0) {
          const weight = (left / votes[i]!) * weights[i]!;
          sum += weight * numbers[i]!;
          whole += weight;
        }
        before = after;
      }
      return sum / whole;
    },
  };
}
