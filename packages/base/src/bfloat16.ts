// bfloat16: the upper half of a float32 (1 sign, 8 exponent, 7 fraction), for scales and codebooks. Within 2^-8 of the
// number from 2^-126 on; nothing here becomes an infinity.

const float = new Float32Array(1);
const bits = new Uint32Array(float.buffer);

/** (2 - 2^-7) * 2^127 */
export const largestBfloat16 = bfloat16Value(0x7f7f);

/** The bfloat16 nearest to a finite number, ties to even; beyond the largest one that one. */
export function bfloat16From(value: number): number {
  float[0] = Math.max(-largestBfloat16, Math.min(largestBfloat16, value));
  const raw = bits[0]!;
  return (raw + 0x7fff + ((raw >>> 16) & 1)) >>> 16;
}

/** The number that a bfloat16 stands for; infinities and NaN as such. */
export function bfloat16Value(bfloat16: number): number {
  bits[0] = bfloat16 << 16;
  return float[0]!;
}
