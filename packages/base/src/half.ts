// IEEE 754 half precision as 16 bits in a number: 1 sign, 5 exponent, 10 fraction.
//
// Rounding is to the nearest, ties to even, as hardware does. Nothing here scales: the codec (fp16.ts) does.

const float = new Float32Array(1);
const bits = new Uint32Array(float.buffer);

const smallestNormal = 0x38800000; // 2^-14 as float32 bits
const infinity = 0x7c00;

/** The half nearest to a float32; beyond 65,519 infinity; NaN stays NaN. */
export function halfFrom(value: number): number {
  float[0] = value;
  const raw = bits[0]!;
  const sign = (raw >>> 16) & 0x8000;
  const magnitude = raw & 0x7fffffff;
  if (magnitude > 0x7f800000) return sign | 0x7e00;
  if (magnitude >= smallestNormal) {
    // Half of the last kept bit, less one unless that bit is odd: a tie goes to the even neighbour.
    const rounded = magnitude + 0xfff + ((magnitude >>> 13) & 1);
    const half = (rounded - 0x38000000) >>> 13;
    return sign | Math.min(half, infinity);
  }
  // Next to 0.5 a float32 step is 2^-24, the step of half's subnormals: the addition rounds for us.
  float[0] = Math.abs(value) + 0.5;
  return sign | (bits[0]! - 0x3f000000);
}

/** 2^(exponent - 25), for the exponent field of a half; fields 0 and 1 have the same step. */
const steps = Float64Array.from({ length: 31 }, (_, field) => 2 ** (Math.max(field, 1) - 25));

/** The number that a half stands for; infinities and NaN as such. */
export function halfValue(half: number): number {
  const field = (half >>> 10) & 31;
  const fraction = half & 0x3ff;
  const sign = half & 0x8000 ? -1 : 1;
  if (field === 31) return fraction === 0 ? sign * Infinity : Number.NaN;
  return sign * (field === 0 ? fraction : fraction + 1024) * steps[field]!;
}

let values: Float32Array | undefined;

/** Of each half, by its bits, the number that it stands for: a look at it takes less time than to work the number out. */
export function halfValues(): Float32Array {
  values ??= Float32Array.from({ length: 2 ** 16 }, (_, half) => halfValue(half));
  return values;
}
