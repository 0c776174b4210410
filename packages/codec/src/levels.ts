// Numbers of 8, 4 or 2 bits: in blocks of 64 numbers of a tensor, the last one shorter, each with a scale of its own. After
// the header, with b bits a number:
//
//  20  u16 a block      its scale, as a bfloat16 of either sign: at most the largest bfloat16 / 2^(b-1)
//  ..  the numbers      levels in two's complement, the first number in the lowest bits of a byte; each tensor begins
//                       with a byte, and what is left of its last one is zero
//
// A number is its level times its block's scale.

import { bfloat16Value, namedTensors, slotView, type TensorLayout, type TensorSlot } from "@homebody/base";
import { blockSize, type LevelBits, type LevelBytes, mostScale } from "./arithmetic.ts";
import type { Codec, CodecName } from "./codec.ts";
import { DeltaError } from "./delta-error.ts";
import { fastest } from "./fastest.ts";
import { requireFinite } from "./finite.ts";
import { checkHeader, headerBytes, writeHeader } from "./header.ts";
import { writeLevels } from "./plain/levels.ts";
import { byChance } from "./plain/rounding.ts";

export const int8 = levelCodec("int8", 8);
export const int4 = levelCodec("int4", 4);
export const int2 = levelCodec("int2", 2);

/** `arithmetic`: of this machine, where none is given. */
export function levelCodec(name: CodecName, width: LevelBits, arithmetic = fastest): Codec {
  const mostBytes = (layout: TensorLayout) =>
    layout.slots.reduce((sum, { size }) => sum + Math.ceil((size * width) / 8), levelsAt(layout));
  return {
    name,
    exact: true,
    mostBytes,
    encode(numbers, dropped, dice) {
      const { layout } = numbers;
      const bytes = new Uint8Array(mostBytes(layout));
      writeHeader(bytes, name, layout);
      for (const { slot, to } of tensorsIn(bytes, layout, width)) {
        const values = slotView(numbers, slot);
        const left = dropped?.subarray(slot.offset, slot.offset + slot.size);
        const ok =
          dice === undefined
            ? arithmetic().writeLevels(values, width, to, left)
            : writeLevels(values, width, byChance(width, dice), to, left);
        if (!ok) requireFinite(numbers);
      }
      return bytes;
    },
    decode(bytes, layout, into) {
      const sizeBytes = mostBytes(layout);
      checkHeader(bytes, name, layout, sizeBytes);
      const numbers = namedTensors(layout, into);
      for (const { slot, to } of tensorsIn(bytes, layout, width)) {
        const beyond = arithmetic().readLevels(to, width, slotView(numbers, slot));
        if (beyond !== null) throw scaleError(slot, to, beyond, width);
        requireEmpty(to, slot, width);
      }
      return { numbers, sizeBytes };
    },
  };
}

/** Each tensor with its scales and levels. */
function tensorsIn(bytes: Uint8Array, layout: TensorLayout, width: LevelBits) {
  let [scaleAt, at] = [headerBytes, levelsAt(layout)];
  return layout.slots.map((slot): { slot: TensorSlot; to: LevelBytes } => {
    const [scaleBytes, levelBytes] = [
      2 * Math.ceil(slot.size / blockSize),
      Math.ceil((slot.size * width) / 8),
    ];
    const to = {
      scales: bytes.subarray(scaleAt, scaleAt + scaleBytes),
      levels: bytes.subarray(at, at + levelBytes),
    };
    scaleAt += scaleBytes;
    at += levelBytes;
    return { slot, to };
  });
}

function levelsAt({ slots }: TensorLayout): number {
  return slots.reduce((sum, { size }) => sum + 2 * Math.ceil(size / blockSize), headerBytes);
}

function scaleError(
  { name }: TensorSlot,
  { scales }: LevelBytes,
  block: number,
  width: LevelBits,
): DeltaError {
  const got = bfloat16Value(scales[2 * block]! | (scales[2 * block + 1]! << 8));
  return new DeltaError("format", `${name} scale: expected at most ${mostScale(width)}, got ${got}`);
}

/** Nothing may stand in what a tensor leaves of its last byte. */
function requireEmpty({ levels }: LevelBytes, { name, size }: TensorSlot, width: LevelBits): void {
  const used = (size * width) % 8;
  const last = levels.at(-1);
  if (used !== 0 && last! >>> used !== 0)
    throw new DeltaError("format", `${name}, last byte: expected ${used} bits, got ${last}`);
}
