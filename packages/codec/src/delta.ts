// A delta as bytes, and back. Version 1, little-endian:
//
//   0  "HBD1"           magic and version
//   4  u8 codec         0 fp32, 1 fp16
//   5  u8 zero
//   6  u16 tensors
//   8  u32 numbers
//  12  8 bytes          the start of the SHA-256 of the layout: names and shapes, in order
//  20  i16 a tensor     fp16 only: the power of two that its halves are multiplied with
//  ..  the numbers      fp32 or fp16, in the layout's order
//
// The size follows from codec and layout alone, so a receiver knows it before the first byte. The layout itself
// does not travel: both sides have it from the run. A delta with an infinity or a NaN is none, on either side.

import {
  type NamedTensors,
  namedTensors,
  sha256,
  slotView,
  type TensorLayout,
  type TensorSlot,
} from "@homebody/base";
import { DeltaError } from "./delta-error.ts";
import { halfFrom, halfValue } from "./half.ts";

export type CodecName = "fp32" | "fp16";

const codecs: readonly CodecName[] = ["fp32", "fp16"];
const magic = "HBD";
const version = "1".charCodeAt(0);
const headerBytes = 20;

/** The exact size of every delta of this layout. */
export function encodedBytes(codec: CodecName, layout: TensorLayout): number {
  const { slots, size } = layout;
  return codec === "fp32" ? headerBytes + size * 4 : headerBytes + slots.length * 2 + size * 2;
}

export function encodeDelta(codec: CodecName, delta: NamedTensors): Uint8Array {
  const { layout, data } = delta;
  const bytes = new Uint8Array(encodedBytes(codec, layout));
  const view = new DataView(bytes.buffer);
  for (let i = 0; i < magic.length; i++) bytes[i] = magic.charCodeAt(i);
  bytes[3] = version;
  bytes[4] = codecs.indexOf(codec);
  view.setUint16(6, layout.slots.length, true);
  view.setUint32(8, layout.size, true);
  bytes.set(fingerprint(layout), 12);
  for (const slot of layout.slots) {
    const numbers = slotView(delta, slot);
    const wrong = numbers.findIndex((x) => !Number.isFinite(x));
    if (wrong >= 0) throw notFinite(slot, wrong, numbers[wrong]!);
  }
  if (codec === "fp32") {
    bytes.set(new Uint8Array(data.buffer, data.byteOffset, data.byteLength), headerBytes);
    return bytes;
  }
  const halves = headerBytes + layout.slots.length * 2;
  for (const [i, slot] of layout.slots.entries()) {
    const numbers = slotView(delta, slot);
    const exponent = scaleExponent(numbers);
    view.setInt16(headerBytes + i * 2, exponent, true);
    const factor = 2 ** -exponent;
    const beyond = exponent === mostExponent ? numbers.findIndex((x) => Math.abs(x) > largestInHalf) : -1;
    if (beyond >= 0) throw notFinite(slot, beyond, numbers[beyond]!);
    for (let j = 0; j < numbers.length; j++)
      view.setUint16(halves + (slot.offset + j) * 2, halfFrom(numbers[j]! * factor), true);
  }
  return bytes;
}

/** Throws a DeltaError unless the bytes are a finite delta of exactly this layout. */
export function decodeDelta(bytes: Uint8Array, layout: TensorLayout): NamedTensors {
  const codec = checkHeader(bytes, layout);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const delta = namedTensors(layout);
  const halves = headerBytes + layout.slots.length * 2;
  for (const [i, slot] of layout.slots.entries()) {
    const numbers = slotView(delta, slot);
    if (codec === "fp32") {
      for (let j = 0; j < numbers.length; j++)
        numbers[j] = view.getFloat32(headerBytes + (slot.offset + j) * 4, true);
    } else {
      const exponent = view.getInt16(headerBytes + i * 2, true);
      if (exponent < leastExponent || exponent > mostExponent)
        throw new DeltaError(
          "format",
          `${slot.name} exponent: expected ${leastExponent} to ${mostExponent}, got ${exponent}`,
        );
      const factor = 2 ** exponent;
      for (let j = 0; j < numbers.length; j++)
        numbers[j] = halfValue(view.getUint16(halves + (slot.offset + j) * 2, true)) * factor;
    }
    for (let j = 0; j < numbers.length; j++)
      if (!Number.isFinite(numbers[j])) throw notFinite(slot, j, numbers[j]!);
  }
  return delta;
}

function checkHeader(bytes: Uint8Array, layout: TensorLayout): CodecName {
  const got = bytes.length;
  if (got < headerBytes) throw new DeltaError("size", `header: expected ${headerBytes} bytes, got ${got}`);
  const start = String.fromCharCode(bytes[0]!, bytes[1]!, bytes[2]!);
  if (start !== magic || bytes[5] !== 0)
    throw new DeltaError("format", `start: expected ${magic}, got ${JSON.stringify(start)}`);
  if (bytes[3] !== version) throw new DeltaError("version", `version: expected ${version}, got ${bytes[3]}`);
  const codec = codecs[bytes[4]!];
  if (codec === undefined)
    throw new DeltaError("codec", `codec: expected 0 to ${codecs.length - 1}, got ${bytes[4]}`);
  const view = new DataView(bytes.buffer, bytes.byteOffset, headerBytes);
  const [tensors, numbers] = [view.getUint16(6, true), view.getUint32(8, true)];
  const print = fingerprint(layout);
  if (tensors !== layout.slots.length || numbers !== layout.size || print.some((b, i) => b !== bytes[12 + i]))
    throw new DeltaError(
      "layout",
      `layout: expected ${layout.slots.length} tensors of ${layout.size} numbers, got ` +
        `${tensors} of ${numbers}, or other names or shapes`,
    );
  const expected = encodedBytes(codec, layout);
  if (got !== expected) throw new DeltaError("size", `${codec}: expected ${expected} bytes, got ${got}`);
  return codec;
}

function fingerprint({ slots }: TensorLayout): Uint8Array {
  const text = JSON.stringify(slots.map(({ name, shape }) => [name, shape]));
  return sha256(new TextEncoder().encode(text)).subarray(0, 8);
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
  const view = new DataView(new ArrayBuffer(8));
  view.setFloat64(0, x);
  return ((view.getUint16(0) >>> 4) & 0x7ff) - 1023;
}

function notFinite({ name }: TensorSlot, at: number, got: number): DeltaError {
  return new DeltaError("not-finite", `${name}[${at}]: expected a finite number in range, got ${got}`);
}
