// The reference, and what computes where there is no SIMD.

import type { Arithmetic } from "../arithmetic.ts";
import { largest, readHalves, writeHalves } from "./halves.ts";
import { readLevels, writeLevels } from "./levels.ts";
import { nearest } from "./rounding.ts";

export const plain: Arithmetic = {
  largest,
  writeLevels: (values, width, to, dropped) => writeLevels(values, width, nearest(width), to, dropped),
  readLevels,
  writeHalves,
  readHalves,
};
