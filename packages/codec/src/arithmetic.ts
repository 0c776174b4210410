// The port of what the dense codecs do to a tensor's numbers: plain TypeScript, the reference (plain/), and WebAssembly with
// SIMD (wasm/) make the same bits [W21].

import { largestBfloat16 } from "@homebody/base";

/** Bits of a number. */
export type LevelBits = 8 | 4 | 2;

export interface Arithmetic {
  /** The largest magnitude, as a float32's bits: from `infinity` on it is not finite. */
  largest(values: Float32Array): number;
  /**
   * Scales and levels (levels.ts) to the nearest. Returns whether all numbers are finite; if not, what was written means nothing.
   * `dropped`, here and below, gets what the bytes leave out.
   */
  writeLevels(values: Float32Array, width: LevelBits, to: LevelBytes, dropped?: Float32Array): boolean;
  /** Returns the first block whose scale is larger than `mostScale` or no number; null: all are read. */
  readLevels(from: LevelBytes, width: LevelBits, values: Float32Array): number | null;
  /** Halves (fp16.ts) of finite numbers divided by 2^exponent, none of them from 2^16 on. */
  writeHalves(values: Float32Array, exponent: number, halves: Uint8Array, dropped?: Float32Array): void;
  /** Halves times 2^exponent, of -163 to 113. Returns whether all numbers are finite. */
  readHalves(halves: Uint8Array, exponent: number, values: Float32Array): boolean;
}

/** Of one tensor: 2 bytes a block, and levels up to the last byte that is begun. */
export interface LevelBytes {
  readonly scales: Uint8Array;
  readonly levels: Uint8Array;
}

/** Of a block of levels. */
export const blockSize = 64;

/** As a float32's bits. */
export const infinity = 0x7f800000;

/** With it the lowest level is a float32. */
export const mostScale = (width: LevelBits) => largestBfloat16 / 2 ** (width - 1);
