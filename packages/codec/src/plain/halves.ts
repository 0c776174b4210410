// Numbers as halves times a power of two, and back. Little-endian.

import { halfFrom, halfValue, halfValues } from "@homebody/base";
import { infinity } from "../arithmetic.ts";

/** The largest magnitude, as a float32's bits: without the sign they order as magnitudes do. */
export function largest(values: Float32Array): number {
  const bits = new Int32Array(values.buffer, values.byteOffset, values.length);
  let most = 0;
  for (let i = 0; i < bits.length; i++) most = Math.max(most, bits[i]! & 0x7fffffff);
  return most;
}

export function writeHalves(
  values: Float32Array,
  exponent: number,
  halves: Uint8Array,
  dropped?: Float32Array,
): void {
  const [down, up] = [2 ** -exponent, 2 ** exponent];
  for (let i = 0; i < values.length; i++) {
    const half = halfFrom(values[i]! * down);
    halves[2 * i] = half;
    halves[2 * i + 1] = half >>> 8;
    if (dropped !== undefined) dropped[i] = values[i]! - Math.fround(halfValue(half) * up);
  }
}

export function readHalves(halves: Uint8Array, exponent: number, values: Float32Array): boolean {
  const numberOf = halfValues();
  const factor = 2 ** exponent;
  for (let i = 0; i < values.length; i++)
    values[i] = numberOf[halves[2 * i]! | (halves[2 * i + 1]! << 8)]! * factor;
  return largest(values) < infinity;
}
