// Seeded random numbers: the same seed gives the same sequence on every machine.
//
// sfc32 (Chris Doty-Humphrey's small fast counter generator, 128 bits of state), seeded from the SHA-256 of a
// text, so that seeds may be written as what they are for: random(`${seed}/es/round 3`). Not for secrets.

import { sha256 } from "./hash.ts";

export interface Random {
  /** A whole number in [0, 2^32). */
  uint32(): number;
  /** A number in [0, 1), 32 bits of it random. */
  uniform(): number;
  /** A whole number in [0, n), without modulo bias; n in 1..2^32. */
  below(n: number): number;
  /** A normal deviate, mean 0 and deviation 1 (Box-Muller, float64). */
  normal(): number;
}

export function random(seed: string): Random {
  const digest = sha256(new TextEncoder().encode(seed));
  const words = new DataView(digest.buffer, digest.byteOffset, 16);
  let a = words.getUint32(0, true);
  let b = words.getUint32(4, true);
  let c = words.getUint32(8, true);
  let counter = words.getUint32(12, true);
  let spare: number | undefined;

  function uint32(): number {
    const t = (((a + b) | 0) + counter) | 0;
    counter = (counter + 1) | 0;
    a = b ^ (b >>> 9);
    b = (c + (c << 3)) | 0;
    c = (c << 21) | (c >>> 11);
    c = (c + t) | 0;
    return t >>> 0;
  }
  for (let i = 0; i < 12; i++) uint32();

  const uniform = () => uint32() / 4294967296;

  function below(n: number): number {
    if (!(Number.isInteger(n) && n >= 1 && n <= 4294967296))
      throw new RangeError(`below: expected 1..2^32, got ${n}`);
    const limit = 4294967296 - (4294967296 % n);
    for (;;) {
      const value = uint32();
      if (value < limit) return value % n;
    }
  }

  function normal(): number {
    if (spare !== undefined) {
      const value = spare;
      spare = undefined;
      return value;
    }
    const radius = Math.sqrt(-2 * Math.log((uint32() + 1) / 4294967296));
    const angle = 2 * Math.PI * uniform();
    spare = radius * Math.sin(angle);
    return radius * Math.cos(angle);
  }

  return { uint32, uniform, below, normal };
}

/** A permutation of 0..n-1 (Fisher-Yates). */
export function permutation(n: number, random: Random): Uint32Array {
  const order = new Uint32Array(n);
  for (let i = 0; i < n; i++) order[i] = i;
  for (let i = n - 1; i > 0; i--) {
    const j = random.below(i + 1);
    const held = order[i]!;
    order[i] = order[j]!;
    order[j] = held;
  }
  return order;
}

/** A place by chance, by weights of 0 and more that need not sum to 1. */
export function drawnPlace(weights: ArrayLike<number>, random: Random): number {
  let sum = 0;
  for (let i = 0; i < weights.length; i++) sum += weights[i]!;
  let left = random.uniform() * sum;
  let last = 0;
  for (let i = 0; i < weights.length; i++) {
    if (!(weights[i]! > 0)) continue;
    last = i;
    left -= weights[i]!;
    if (left < 0) break;
  }
  return last; // where rounding left something over: the last that is possible
}
