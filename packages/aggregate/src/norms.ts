// How long a delta is, and how far it points the way of another. Sums in float64, in index order.

import { InputError } from "@homebody/base";

/** The Euclidean norm. */
export function deltaNorm(delta: Float32Array): number {
  let sum = 0;
  for (let i = 0; i < delta.length; i++) sum += delta[i]! * delta[i]!;
  return Math.sqrt(sum);
}

/** The cosine of the angle between two deltas, in [-1, 1]; 0 where one of them is zero. */
export function cosine(a: Float32Array, b: Float32Array): number {
  if (a.length !== b.length) throw new InputError("cosine", `${a.length} numbers`, `${b.length}`);
  let product = 0;
  for (let i = 0; i < a.length; i++) product += a[i]! * b[i]!;
  const norms = deltaNorm(a) * deltaNorm(b);
  return norms > 0 ? Math.max(-1, Math.min(1, product / norms)) : 0;
}
