// Blocks of 64 numbers as levels with a scale each, and back.

import { bfloat16Value } from "@homebody/base";
import { blockSize, infinity, type LevelBits, type LevelBytes, mostScale } from "../arithmetic.ts";
import { largest } from "./halves.ts";
import type { Rounding } from "./rounding.ts";

/** As `Arithmetic.writeLevels`, rounded in a way that is given. */
export function writeLevels(
  values: Float32Array,
  width: LevelBits,
  round: Rounding,
  { scales, levels: bytes }: LevelBytes,
  dropped?: Float32Array,
): boolean {
  if (largest(values) >= infinity) return false;
  const levels = new Int8Array(blockSize);
  const bits = new Int32Array(values.buffer, values.byteOffset, values.length);
  let at = 0;
  for (let from = 0, block = 0; from < values.length; from += blockSize, block++) {
    const count = Math.min(blockSize, values.length - from);
    const scale = round(values, bits, from, from + count, levels);
    scales[2 * block] = scale;
    scales[2 * block + 1] = scale >>> 8;
    at = pack(levels, count, width, bytes, at);
    if (dropped === undefined) continue;
    const value = bfloat16Value(scale);
    for (let i = 0; i < count; i++) dropped[from + i] = values[from + i]! - numberOf(levels[i]!, value);
  }
  return true;
}

export function readLevels(
  { scales, levels: bytes }: LevelBytes,
  width: LevelBits,
  values: Float32Array,
): number | null {
  const levels = new Int8Array(blockSize);
  const most = mostScale(width);
  let at = 0;
  for (let from = 0, block = 0; from < values.length; from += blockSize, block++) {
    const count = Math.min(blockSize, values.length - from);
    const scale = bfloat16Value(scales[2 * block]! | (scales[2 * block + 1]! << 8));
    if (!(Math.abs(scale) <= most)) return block;
    at = unpack(bytes, at, count, width, levels);
    for (let i = 0; i < count; i++) values[from + i] = numberOf(levels[i]!, scale);
  }
  return null;
}

/** Exact, but where it is subnormal; never minus zero. */
const numberOf = (level: number, scale: number) => Math.fround(level * scale) + 0;

/** Where the next block's levels come. */
function pack(levels: Int8Array, count: number, width: LevelBits, bytes: Uint8Array, start: number): number {
  let at = start;
  if (width === 8) {
    for (let i = 0; i < count; i++) bytes[at++] = levels[i]!;
    return at;
  }
  levels.fill(0, count);
  if (width === 4) for (let i = 0; i < count; i += 2) bytes[at++] = (levels[i]! & 15) | (levels[i + 1]! << 4);
  else
    for (let i = 0; i < count; i += 4)
      bytes[at++] =
        (levels[i]! & 3) | ((levels[i + 1]! & 3) << 2) | ((levels[i + 2]! & 3) << 4) | (levels[i + 3]! << 6);
  return at;
}

/** The reverse; of the last byte all levels, also those beyond the count. */
function unpack(
  bytes: Uint8Array,
  start: number,
  count: number,
  width: LevelBits,
  levels: Int8Array,
): number {
  let at = start;
  if (width === 8) for (let i = 0; i < count; i++) levels[i] = bytes[at++]!;
  else if (width === 4)
    for (let i = 0; i < count; i += 2) {
      const byte = bytes[at++]!;
      levels[i] = (byte << 28) >> 28;
      levels[i + 1] = (byte << 24) >> 28;
    }
  else
    for (let i = 0; i < count; i += 4) {
      const byte = bytes[at++]!;
      levels[i] = (byte << 30) >> 30;
      levels[i + 1] = (byte << 28) >> 30;
      levels[i + 2] = (byte << 26) >> 30;
      levels[i + 3] = (byte << 24) >> 30;
    }
  return at;
}
