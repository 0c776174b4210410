// How long a delta is, and how far it points the way of another. Sums in float64, in an order that depends on nothing but the lengths;
// a delta of several sections is one long vector.

import { InputError } from "@homebody/base";

/** The Euclidean norm of all numbers together. */
export function normOf(sections: readonly Float32Array[]): number {
  let sum = 0;
  for (const numbers of sections) for (let i = 0; i < numbers.length; i++) sum += numbers[i]! * numbers[i]!;
  return Math.sqrt(sum);
}

/** The largest absolute value; 0 of nothing. */
export function largestOf(numbers: Float32Array): number {
  let largest = 0;
  for (let i = 0; i < numbers.length; i++) {
    const size = Math.abs(numbers[i]!);
    if (size > largest) largest = size;
  }
  return largest;
}

export interface Extent {
  /** The largest absolute value; 0 of nothing. */
  readonly largest: number;
  readonly rootMeanSquare: number;
  /** Of all numbers until here: what was there before, and these. */
  readonly squaresUntil: number;
}

/**
 * Makes each minus zero zero, so that equal numbers have equal bytes, and gives their extent. Others may come before them, whose
 * squares are `squaresBefore`. All of it in one pass, over four numbers at a time: a sum of its own for each waits for no other.
 */
export function canonicalise(numbers: Float32Array, squaresBefore = 0): Extent {
  const { length } = numbers;
  let sumA = 0;
  let sumB = 0;
  let sumC = 0;
  let sumD = 0;
  let mostA = 0;
  let mostB = 0;
  let mostC = 0;
  let mostD = 0;
  let i = 0;
  for (; i + 3 < length; i += 4) {
    const a = numbers[i]! + 0; // of minus zero: zero
    const b = numbers[i + 1]! + 0;
    const c = numbers[i + 2]! + 0;
    const d = numbers[i + 3]! + 0;
    numbers[i] = a;
    numbers[i + 1] = b;
    numbers[i + 2] = c;
    numbers[i + 3] = d;
    const aa = a * a; // exact: twice 24 bits
    const bb = b * b;
    const cc = c * c;
    const dd = d * d;
    sumA += aa;
    sumB += bb;
    sumC += cc;
    sumD += dd;
    if (aa > mostA) mostA = aa;
    if (bb > mostB) mostB = bb;
    if (cc > mostC) mostC = cc;
    if (dd > mostD) mostD = dd;
  }
  for (; i < length; i++) {
    const a = numbers[i]! + 0;
    numbers[i] = a;
    sumA += a * a;
    if (a * a > mostA) mostA = a * a;
  }
  const own = sumA + sumB + (sumC + sumD);
  return {
    largest: Math.sqrt(Math.max(mostA, mostB, mostC, mostD)),
    rootMeanSquare: Math.sqrt(own) / Math.sqrt(Math.max(1, length)),
    squaresUntil: squaresBefore + own,
  };
}

/** A tensor of a delta, and the same numbers of a mean that it is a part of. */
export interface PartOfMean {
  readonly own: Float32Array;
  readonly mean: Float32Array;
  /** By row, equally many numbers each: what the delta makes of the mean, from 0 to 1. */
  readonly shares: Float64Array;
}

/** Nobody else has a row of which a delta makes so much of the mean; what float32 leaves there would be noise. */
const allOfIt = 1 - 1e-6;

/**
 * The cosine of the angle between a delta and what the others make of the mean: the mean less the delta's own share of it, in the
 * rows that others hold too. Null where the others make nothing of it, or the delta is zero there.
 */
export function cosineToOthers(parts: readonly PartOfMean[]): number | null {
  let [product, ownSquares, squares] = [0, 0, 0];
  for (const { own, mean, shares } of parts) {
    const width = own.length / shares.length;
    for (const [row, share] of shares.entries()) {
      if (share >= allOfIt) continue;
      for (let i = row * width; i < (row + 1) * width; i++) {
        const others = mean[i]! - share * own[i]!;
        product += own[i]! * others;
        ownSquares += own[i]! * own[i]!;
        squares += others * others;
      }
    }
  }
  const norms = Math.sqrt(ownSquares * squares);
  return norms > 0 ? Math.max(-1, Math.min(1, product / norms)) : null;
}

/**
 * The cosine of the angle between two vectors in the same sections, in [-1, 1]; 0 where one of them is zero. Their norms
 * are given where they are known.
 */
export function cosine(
  a: readonly Float32Array[],
  b: readonly Float32Array[],
  [normA, normB] = [normOf(a), normOf(b)] as readonly [number, number],
): number {
  const lengths = (list: readonly Float32Array[]) => list.map(({ length }) => length).join(" + ");
  if (lengths(a) !== lengths(b)) throw new InputError("cosine", `${lengths(a)} numbers`, lengths(b));
  let product = 0;
  for (const [s, numbers] of a.entries()) {
    const other = b[s]!;
    for (let i = 0; i < numbers.length; i++) product += numbers[i]! * other[i]!;
  }
  const norms = normA * normB;
  return norms > 0 ? Math.max(-1, Math.min(1, product / norms)) : 0;
}
