// Numbers of 8, 4 or 2 bits: in blocks of 64 numbers of a tensor, the last one shorter, each with a scale of its own. After
// the header, with b bits a number:
//
//  20  u16 a block      its scale, as a bfloat16 of either sign: at most the largest bfloat16 / 2^(b-1)
//  ..  the numbers      levels in two's complement, the first number in the lowest bits of a byte; each tensor begins
//                       with a byte, and what is left of its last one is zero
//
// A number is its level times its block's scale.

import {
  bfloat16Value,
  largestBfloat16,
  type NamedTensors,
  namedTensors,
  slotView,
  type TensorLayout,
  type TensorSlot,
} from "@homebody/base";
import type { Codec, CodecName } from "./codec.ts";
import { DeltaError } from "./delta-error.ts";
import { subtract } from "./dropped.ts";
import { requireFinite } from "./finite.ts";
import { checkHeader, headerBytes, writeHeader } from "./header.ts";
import { byChance, type LevelBits, nearest, type Rounding } from "./rounding.ts";

export const blockSize = 64;

export const int8 = levelCodec("int8", 8);
export const int4 = levelCodec("int4", 4);
export const int2 = levelCodec("int2", 2);

function levelCodec(name: CodecName, width: LevelBits): Codec {
  const mostBytes = (layout: TensorLayout) =>
    layout.slots.reduce((sum, { size }) => sum + Math.ceil((size * width) / 8), levelsAt(layout));
  const decode = (bytes: Uint8Array, layout: TensorLayout) => {
    const sizeBytes = mostBytes(layout);
    checkHeader(bytes, name, layout, sizeBytes);
    return { numbers: readBlocks(bytes, layout, width), sizeBytes };
  };
  return {
    name,
    exact: true,
    mostBytes,
    encode(numbers, dropped, dice) {
      requireFinite(numbers);
      const bytes = new Uint8Array(mostBytes(numbers.layout));
      writeHeader(bytes, name, numbers.layout);
      const most = mostScale(width);
      writeBlocks(
        numbers,
        bytes,
        width,
        dice === undefined ? nearest(width, most) : byChance(width, most, dice),
      );
      if (dropped !== undefined) subtract(numbers, decode(bytes, numbers.layout).numbers, dropped);
      return bytes;
    },
    decode,
  };
}

const mostScale = (width: LevelBits) => largestBfloat16 / 2 ** (width - 1);

function writeBlocks(numbers: NamedTensors, bytes: Uint8Array, width: LevelBits, round: Rounding): void {
  const view = new DataView(bytes.buffer);
  const levels = new Int8Array(blockSize);
  let [scaleAt, at] = [headerBytes, levelsAt(numbers.layout)];
  for (const slot of numbers.layout.slots) {
    const values = slotView(numbers, slot);
    const bits = new Int32Array(values.buffer, values.byteOffset, values.length);
    for (let from = 0; from < values.length; from += blockSize) {
      const to = Math.min(from + blockSize, values.length);
      view.setUint16(scaleAt, round(values, bits, from, to, levels), true);
      scaleAt += 2;
      at = pack(levels, to - from, width, bytes, at);
    }
  }
}

function readBlocks(bytes: Uint8Array, layout: TensorLayout, width: LevelBits): NamedTensors {
  const numbers = namedTensors(layout);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const levels = new Int8Array(blockSize);
  const most = mostScale(width);
  let [scaleAt, at] = [headerBytes, levelsAt(layout)];
  for (const slot of layout.slots) {
    const values = slotView(numbers, slot);
    for (let from = 0; from < values.length; from += blockSize) {
      const count = Math.min(blockSize, values.length - from);
      const scale = bfloat16Value(view.getUint16(scaleAt, true));
      if (!(Math.abs(scale) <= most))
        throw new DeltaError("format", `${slot.name} scale: expected at most ${most}, got ${scale}`);
      scaleAt += 2;
      at = unpack(bytes, at, count, width, levels);
      for (let i = 0; i < count; i++) values[from + i] = levels[i]! * scale + 0; // no minus zero
    }
    requireEmpty(bytes, at, slot, width);
  }
  return numbers;
}

function levelsAt({ slots }: TensorLayout): number {
  return slots.reduce((sum, { size }) => sum + 2 * Math.ceil(size / blockSize), headerBytes);
}

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

/** Nothing may stand in what a tensor leaves of its last byte. `end`: where its levels end. */
function requireEmpty(bytes: Uint8Array, end: number, { name, size }: TensorSlot, width: LevelBits): void {
  const used = (size * width) % 8;
  if (used !== 0 && bytes[end - 1]! >>> used !== 0)
    throw new DeltaError("format", `${name}, last byte: expected ${used} bits, got ${bytes[end - 1]}`);
}
