// How long a delta is, and how far it points the way of another. Sums in float64, in index order; a delta of several
// sections is one long vector.

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
