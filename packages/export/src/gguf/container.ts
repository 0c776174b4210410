// The GGUF file, version 3 (docs/gguf.md of ggml): metadata by key, then what tensors there are, then their numbers.

import { type ByteWriter, byteWriter } from "@homebody/base";

/** A value of the metadata: it writes its type, then itself. */
export type Value = (to: ByteWriter) => void;

export interface GgufTensor {
  readonly name: string;
  /** Rows before what is in a row, as everywhere here; the file has it the other way round. */
  readonly shape: readonly number[];
  /** ggml's number of the type. */
  readonly type: number;
  /** That its numbers take. */
  readonly bytes: number;
  /** Into so many bytes. */
  write(into: Uint8Array): void;
}

const version = 3;
/** Of each tensor's first byte, and of the first one's place in the file: what a reader takes where nothing is said. */
const alignment = 32;

export function encodeGguf(
  metadata: ReadonlyMap<string, Value>,
  tensors: readonly GgufTensor[],
): Uint8Array<ArrayBuffer> {
  const header = byteWriter();
  header.raw(new TextEncoder().encode("GGUF"));
  header.u32(version);
  u64(header, tensors.length);
  u64(header, metadata.size);
  for (const [key, value] of metadata) {
    string(header, key);
    value(header);
  }
  let end = 0;
  const offsets = tensors.map(({ name, shape, type, bytes }) => {
    const offset = end;
    string(header, name);
    header.u32(shape.length);
    for (const side of shape.toReversed()) u64(header, side);
    header.u32(type);
    u64(header, offset);
    end = aligned(offset + bytes);
    return offset;
  });
  const head = header.done();
  const start = aligned(head.length);
  const file = new Uint8Array(start + end);
  file.set(head);
  for (const [i, tensor] of tensors.entries()) {
    const at = start + offsets[i]!;
    tensor.write(file.subarray(at, at + tensor.bytes));
  }
  return file;
}

const aligned = (size: number) => Math.ceil(size / alignment) * alignment;

function u64(to: ByteWriter, value: number): void {
  to.u32(value % 2 ** 32);
  to.u32(Math.floor(value / 2 ** 32));
}

function string(to: ByteWriter, value: string): void {
  const bytes = new TextEncoder().encode(value);
  u64(to, bytes.length);
  to.raw(bytes);
}

/** Numbers of the types, as the format has them. */
const types = { u32: 4, i32: 5, f32: 6, bool: 7, string: 8, array: 9 };

export const u32 =
  (value: number): Value =>
  (to) => {
    to.u32(types.u32);
    to.u32(value);
  };

export const f32 =
  (value: number): Value =>
  (to) => {
    to.u32(types.f32);
    to.f32(value);
  };

export const bool =
  (value: boolean): Value =>
  (to) => {
    to.u32(types.bool);
    to.u8(value ? 1 : 0);
  };

export const text =
  (value: string): Value =>
  (to) => {
    to.u32(types.string);
    string(to, value);
  };

export const texts =
  (values: readonly string[]): Value =>
  (to) => {
    head(to, types.string, values.length);
    for (const value of values) string(to, value);
  };

/** Of numbers that are not negative. */
export const i32s =
  (values: readonly number[]): Value =>
  (to) => {
    head(to, types.i32, values.length);
    for (const value of values) to.u32(value);
  };

function head(to: ByteWriter, type: number, length: number): void {
  to.u32(types.array);
  to.u32(type);
  u64(to, length);
}
