// What each section's bytes begin with. Version 1, little-endian:
//
//   0  "HBD1"           magic and version
//   4  u8 codec         0 fp32, 1 fp16, 2 int8, 3 int4, 4 int2, 5 sparse2
//   5  u8 zero
//   6  u16 tensors
//   8  u32 numbers
//  12  8 bytes          the start of the SHA-256 of the layout: names and shapes, in order
//
// The layout itself does not travel: both sides have it from the run (and, where rows are held in part, from the
// device's row map).

import { once, sha256, type TensorLayout } from "@homebody/base";
import type { CodecName } from "./codec.ts";
import { DeltaError } from "./delta-error.ts";

/** By the number that stands for them in the bytes. */
const names: readonly CodecName[] = ["fp32", "fp16", "int8", "int4", "int2", "sparse2"];
const magic = "HBD";
const version = "1".charCodeAt(0);
export const headerBytes = 20;

export function writeHeader(bytes: Uint8Array, codec: CodecName, layout: TensorLayout): void {
  const view = new DataView(bytes.buffer, bytes.byteOffset, headerBytes);
  for (let i = 0; i < magic.length; i++) bytes[i] = magic.charCodeAt(i);
  bytes[3] = version;
  bytes[4] = names.indexOf(codec);
  view.setUint16(6, layout.slots.length, true);
  view.setUint32(8, layout.size, true);
  bytes.set(fingerprint(layout), 12);
}

/** Throws a DeltaError unless the bytes begin a section of this codec and layout, of at least `sizeBytes`. */
export function checkHeader(
  bytes: Uint8Array,
  codec: CodecName,
  layout: TensorLayout,
  sizeBytes: number,
): void {
  const got = bytes.length;
  if (got < headerBytes) throw new DeltaError("size", `header: expected ${headerBytes} bytes, got ${got}`);
  const start = String.fromCharCode(bytes[0]!, bytes[1]!, bytes[2]!);
  if (start !== magic || bytes[5] !== 0)
    throw new DeltaError("format", `start: expected ${magic}, got ${JSON.stringify(start)}`);
  if (bytes[3] !== version) throw new DeltaError("version", `version: expected ${version}, got ${bytes[3]}`);
  const named = names[bytes[4]!];
  if (named !== codec)
    throw new DeltaError("codec", `codec: expected ${codec}, got ${named ?? `number ${bytes[4]}`}`);
  const view = new DataView(bytes.buffer, bytes.byteOffset, headerBytes);
  const [tensors, numbers] = [view.getUint16(6, true), view.getUint32(8, true)];
  const print = fingerprint(layout);
  if (tensors !== layout.slots.length || numbers !== layout.size || print.some((b, i) => b !== bytes[12 + i]))
    throw new DeltaError(
      "layout",
      `layout: expected ${layout.slots.length} tensors of ${layout.size} numbers, got ` +
        `${tensors} of ${numbers}, or other names or shapes`,
    );
  if (got < sizeBytes) throw new DeltaError("size", `${codec}: expected ${sizeBytes} bytes, got ${got}`);
}

/** Made once a layout. */
const fingerprint = once(({ slots }: TensorLayout): Uint8Array => {
  const text = JSON.stringify(slots.map(({ name, shape }) => [name, shape]));
  return sha256(new TextEncoder().encode(text)).subarray(0, 8);
});
