// Numbers of a tensor as ggml keeps them.

import { halfFrom, InputError } from "@homebody/base";
import type { WeightType } from "../port.ts";

interface Kept {
  /** ggml's number of the type. */
  readonly type: number;
  /** Numbers that are written together: a row has a whole number of them. */
  readonly block: number;
  readonly bytesPerBlock: number;
  /** `into` is as large as the values take; `where` names the tensor. */
  write(values: Float32Array, into: DataView, where: string): void;
}

export const keptAs: Readonly<Record<WeightType, Kept>> = {
  f32: {
    type: 0,
    block: 1,
    bytesPerBlock: 4,
    write(values, into) {
      for (let i = 0; i < values.length; i++) into.setFloat32(4 * i, values[i]!, true);
    },
  },
  f16: {
    type: 1,
    block: 1,
    bytesPerBlock: 2,
    write(values, into, where) {
      for (let i = 0; i < values.length; i++) into.setUint16(2 * i, finiteHalf(values[i]!, where), true);
    },
  },
  q8_0: {
    type: 8,
    block: 32,
    bytesPerBlock: 34,
    write(values, into, where) {
      for (let i = 0; i < values.length / 32; i++) {
        const block = values.subarray(32 * i, 32 * (i + 1));
        writeBlock(block, new DataView(into.buffer, into.byteOffset + 34 * i, 34), where);
      }
    },
  },
};

/** A scale in half precision, then each number in its 127ths, as ggml's own quantize_row_q8_0 rounds them: in float32, ties away from 0. */
function writeBlock(values: Float32Array, into: DataView, where: string): void {
  let largest = 0;
  for (let i = 0; i < values.length; i++) largest = Math.max(largest, Math.abs(values[i]!));
  const scale = Math.fround(largest / 127);
  const inverse = scale === 0 ? 0 : Math.fround(1 / scale);
  into.setUint16(0, finiteHalf(scale, where), true);
  for (let i = 0; i < values.length; i++) {
    const steps = Math.fround(values[i]! * inverse);
    into.setInt8(2 + i, Math.sign(steps) * Math.floor(Math.abs(steps) + 0.5));
  }
}

function finiteHalf(value: number, where: string): number {
  const half = halfFrom(value);
  if ((half & 0x7fff) < 0x7c00) return half;
  throw new InputError(where, "numbers that half precision has, up to 65504 (f32 takes others)", `${value}`);
}
