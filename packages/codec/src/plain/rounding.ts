// A block of numbers as levels of a few bits, with one scale: to the nearest level, or to either neighbour by chance.

import { bfloat16From, bfloat16Value, type Random } from "@homebody/base";
import { type LevelBits, mostScale } from "../arithmetic.ts";

/** Writes the levels of `values[from..to)`, whose bits are `bits`, to the front of `levels`; the scale, as a bfloat16. */
export type Rounding = (
  values: Float32Array,
  bits: Int32Array,
  from: number,
  to: number,
  levels: Int8Array,
) => number;

/**
 * To the nearest. The lowest level is the block's largest number, whatever its sign, so that no level is wasted; then the
 * scale is that of the least squares, so that neither the block's norm nor its largest number grows by more than the scale's
 * own rounding, 2^-8. Its sum is one of four: of every fourth number, as SIMD has them.
 */
export function nearest(width: LevelBits): Rounding {
  const most = 1 << (width - 1);
  const along = new Float64Array(4);
  return (values, bits, from, to, levels) => {
    const extreme = extremeOf(values, bits, from, to);
    if (extreme === 0) return allZero(levels);
    const inverse = -most / extreme;
    const middle = most + 0.5;
    along.fill(0);
    let square = 0;
    for (let i = from; i < to; i++) {
      const x = values[i]!;
      const rounded = ((x * inverse + middle) | 0) - most; // at most `most`
      const level = rounded + ((most - 1 - rounded) >> 31);
      levels[i - from] = level;
      along[(i - from) & 3]! += x * level;
      square += level * level;
    }
    const largest = Math.min(Math.abs(extreme) / most, mostScale(width));
    const sum = along[0]! + along[2]! + (along[1]! + along[3]!);
    const fitted = Math.min(Math.abs(sum) / square, largest);
    return scaleOr0(bfloat16From(extreme < 0 ? fitted : -fitted), levels);
  };
}

/**
 * To one of the two neighbours, the nearer it is the more likely, so that the mean of many is the number. Levels are as many
 * above zero as below.
 */
export function byChance(width: LevelBits, dice: Random): Rounding {
  const most = (1 << (width - 1)) - 1;
  const atMost = mostScale(width);
  return (values, bits, from, to, levels) => {
    const scale = scaleAbove(Math.abs(extremeOf(values, bits, from, to)) / most, atMost);
    if (scale === 0) return allZero(levels);
    const inverse = 1 / bfloat16Value(scale);
    for (let i = from; i < to; i++) {
      const level = Math.floor(values[i]! * inverse + dice.uniform());
      levels[i - from] = Math.max(-most, Math.min(most, level));
    }
    return scale;
  };
}

/** The number furthest from zero, the first of several; 0 where all are. A float32's bits without the sign order as magnitudes do. */
function extremeOf(values: Float32Array, bits: Int32Array, from: number, to: number): number {
  let largest = 0;
  for (let i = from; i < to; i++) {
    const size = bits[i]! & 0x7fffffff;
    largest = Math.max(largest, size);
  }
  let at = from;
  while ((bits[at]! & 0x7fffffff) !== largest) at++;
  return values[at]!;
}

/** The least bfloat16 from this positive number on. */
function scaleAbove(least: number, most: number): number {
  const scale = bfloat16From(Math.min(least, most));
  return bfloat16Value(scale) < least && bfloat16Value(scale) < most ? scale + 1 : scale;
}

/** A scale that is too small for a bfloat16 leaves zeros. */
function scaleOr0(scale: number, levels: Int8Array): number {
  return (scale & 0x7fff) === 0 ? allZero(levels) : scale;
}

function allZero(levels: Int8Array): number {
  levels.fill(0);
  return 0;
}
