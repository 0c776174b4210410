// Half precision with a power-of-two scale a tensor. After the header:
//
//  20  i16 a tensor     the power of two that its halves are multiplied with
//  ..  the numbers      as halves, in the layout's order

import {
  halfFrom,
  halfValue,
  halfValues,
  type NamedTensors,
  namedTensors,
  slotView,
  type TensorLayout,
} from "@homebody/base";
import type { Codec } from "./codec.ts";
import { DeltaError } from "./delta-error.ts";
import { notFinite, requireFinite } from "./finite.ts";
import { checkHeader, headerBytes, writeHeader } from "./header.ts";

const halvesAt = ({ slots }: TensorLayout) => headerBytes + slots.length * 2;
const mostBytes = (layout: TensorLayout) => halvesAt(layout) + layout.size * 2;

export const fp16: Codec = { name: "fp16", exact: true, mostBytes, encode, decode };

function encode(numbers: NamedTensors, dropped?: Float32Array): Uint8Array {
  const { layout } = numbers;
  requireFinite(numbers);
  const bytes = new Uint8Array(mostBytes(layout));
  writeHeader(bytes, "fp16", layout);
  const view = new DataView(bytes.buffer);
  const halves = halvesAt(layout);
  for (const [i, slot] of layout.slots.entries()) {
    const values = slotView(numbers, slot);
    const exponent = scaleExponent(values);
    view.setInt16(headerBytes + i * 2, exponent, true);
    const [down, up] = [2 ** -exponent, 2 ** exponent];
    const beyond = exponent === mostExponent ? values.findIndex((x) => Math.abs(x) > largestInHalf) : -1;
    if (beyond >= 0) throw notFinite(slot.name, beyond, values[beyond]!);
    for (let j = 0; j < values.length; j++) {
      const half = halfFrom(values[j]! * down);
      view.setUint16(halves + (slot.offset + j) * 2, half, true);
      if (dropped !== undefined) dropped[slot.offset + j] = values[j]! - Math.fround(halfValue(half) * up);
    }
  }
  return bytes;
}

function decode(bytes: Uint8Array, layout: TensorLayout) {
  const sizeBytes = mostBytes(layout);
  checkHeader(bytes, "fp16", layout, sizeBytes);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const numbers = namedTensors(layout);
  const numberOf = halfValues();
  const halves = halvesAt(layout);
  for (const [i, slot] of layout.slots.entries()) {
    const values = slotView(numbers, slot);
    const exponent = view.getInt16(headerBytes + i * 2, true);
    if (exponent < leastExponent || exponent > mostExponent)
      throw new DeltaError(
        "format",
        `${slot.name} exponent: expected ${leastExponent} to ${mostExponent}, got ${exponent}`,
      );
    const factor = 2 ** exponent;
    for (let j = 0; j < values.length; j++)
      values[j] = numberOf[view.getUint16(halves + (slot.offset + j) * 2, true)]! * factor;
  }
  requireFinite(numbers);
  return { numbers, sizeBytes };
}

// The largest number of a tensor comes to lie in [2^14, 2^15): half has no larger binade that rounding cannot leave.
// What is 2^38 times smaller still has a bit, so the small deltas at a schedule's end do not underflow.
const top = 14;
const leastExponent = -149 - top; // of the smallest float32
const mostExponent = 127 - top;
/** What is larger rounds to 2^128, which is no float32. */
const largestInHalf = (2 - 2 ** -10) * 2 ** 127;

/** Zero for a tensor of zeros. */
function scaleExponent(numbers: Float32Array): number {
  let largest = 0;
  for (let i = 0; i < numbers.length; i++) {
    const size = Math.abs(numbers[i]!);
    if (size > largest) largest = size;
  }
  return largest === 0 ? 0 : binaryExponent(largest) - top;
}

/** floor(log2 x) of a positive float32, exactly: from its bits as a float64, which is never subnormal here. */
function binaryExponent(x: number): number {
  double.setFloat64(0, x);
  return ((double.getUint16(0) >>> 4) & 0x7ff) - 1023;
}

const double = new DataView(new ArrayBuffer(8));
