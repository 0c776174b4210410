// The safetensors file format (Hugging Face): a u64 header length, a JSON header, then raw little-endian numbers.
//
// Encoding is canonical (tensors in layout order, metadata keys sorted, header padded with spaces to 8 bytes), so
// that equal contents have equal bytes and therefore equal hashes. Decoding accepts any valid file with F32, I32 and
// U8 tensors, and with F16 and BF16 ones, whose numbers become float32; it checks every bound.

import { bfloat16Value } from "./bfloat16.ts";
import { InputError } from "./errors.ts";
import { halfFrom, halfValues } from "./half.ts";
import { type NamedTensors, namedTensors, slotView, tensorLayout } from "./tensors.ts";

export interface SafetensorsFile {
  readonly metadata: Readonly<Record<string, string>>;
  readonly tensors: ReadonlyMap<string, SafetensorsEntry>;
}

export interface SafetensorsEntry {
  readonly shape: readonly number[];
  readonly data: SafetensorsData;
}

export type SafetensorsData = Float32Array | Int32Array | Uint8Array;

/** Also halves, by their bits: they are read as float32. */
interface WrittenEntry {
  readonly shape: readonly number[];
  readonly data: SafetensorsData | Uint16Array;
}

interface Type {
  readonly bytes: number;
  readonly read: (data: ArrayBufferLike, start: number, size: number) => SafetensorsData;
}

/** By the format's word for the type of the numbers. */
const types: Readonly<Record<"F32" | "F16" | "BF16" | "I32" | "U8", Type>> = {
  F32: {
    bytes: 4,
    read: (data, start, size) => new Float32Array(data, start, size),
  },
  F16: {
    bytes: 2,
    read: (data, start, size) => {
      const numberOf = halfValues();
      return Float32Array.from(new Uint16Array(data, start, size), (half) => numberOf[half]!);
    },
  },
  BF16: {
    bytes: 2,
    read: (data, start, size) => Float32Array.from(new Uint16Array(data, start, size), bfloat16Value),
  },
  I32: {
    bytes: 4,
    read: (data, start, size) => new Int32Array(data, start, size),
  },
  U8: {
    bytes: 1,
    read: (data, start, size) => new Uint8Array(data, start, size),
  },
};

type TypeWord = keyof typeof types;

const maxHeaderBytes = 100_000_000;

/** As F16 each number is the half nearest to it. */
export function encodeSafetensors(
  tensors: NamedTensors,
  metadata: Readonly<Record<string, string>> = {},
  type: "F32" | "F16" = "F32",
): Uint8Array {
  const entries = tensors.layout.slots.map((slot): [string, WrittenEntry] => {
    const numbers = slotView(tensors, slot);
    return [
      slot.name,
      { shape: slot.shape, data: type === "F16" ? Uint16Array.from(numbers, halfFrom) : numbers },
    ];
  });
  return encodeSafetensorsFile({ metadata, tensors: new Map(entries) });
}

/** Tensors one after another, in the map's order. */
export function encodeSafetensorsFile({
  metadata,
  tensors,
}: {
  readonly metadata: SafetensorsFile["metadata"];
  readonly tensors: ReadonlyMap<string, WrittenEntry>;
}): Uint8Array {
  const header: Record<string, unknown> = {};
  const keys = Object.keys(metadata).sort();
  if (keys.length > 0) header.__metadata__ = Object.fromEntries(keys.map((key) => [key, metadata[key]]));
  let end = 0;
  for (const [name, { shape, data }] of tensors) {
    header[name] = { dtype: safetensorsType(data), shape, data_offsets: [end, end + data.byteLength] };
    end += data.byteLength;
  }
  const text = new TextEncoder().encode(JSON.stringify(header));
  const headerBytes = text.length + ((8 - (text.length % 8)) % 8);
  const file = new Uint8Array(8 + headerBytes + end);
  new DataView(file.buffer).setBigUint64(0, BigInt(headerBytes), true);
  file.fill(0x20, 8, 8 + headerBytes);
  file.set(text, 8);
  let at = 8 + headerBytes;
  for (const { data } of tensors.values()) {
    file.set(new Uint8Array(data.buffer, data.byteOffset, data.byteLength), at);
    at += data.byteLength;
  }
  return file;
}

/** The format's word for the type of these numbers. */
export function safetensorsType(data: SafetensorsData | Uint16Array): "F32" | "F16" | "I32" | "U8" {
  if (data instanceof Float32Array) return "F32";
  if (data instanceof Uint16Array) return "F16";
  return data instanceof Int32Array ? "I32" : "U8";
}

/**
 * Tensors lie in the memory of the bytes where numbers may lie there, else in their own: neither is to be changed. Those that are
 * not `wanted` are left unread.
 */
export function decodeSafetensors(
  bytes: Uint8Array,
  where = "safetensors",
  wanted: (name: string) => boolean = () => true,
): SafetensorsFile {
  if (bytes.length < 8) throw new InputError(where, "at least 8 bytes", `${bytes.length}`);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const headerBytes = Number(view.getBigUint64(0, true));
  if (headerBytes > maxHeaderBytes || headerBytes > bytes.length - 8)
    throw new InputError(`${where} header`, `at most ${bytes.length - 8} bytes`, `${headerBytes}`);
  const header = parseHeader(bytes.subarray(8, 8 + headerBytes), where);
  const data = bytes.subarray(8 + headerBytes);
  let metadata: Record<string, string> = {};
  const tensors = new Map<string, SafetensorsEntry>();
  for (const [name, value] of Object.entries(header)) {
    if (name === "__metadata__") metadata = { ...(value as Record<string, string>) };
    else if (wanted(name)) tensors.set(name, entry(name, value, data, where));
  }
  return { metadata, tensors };
}

/** All F32 tensors of a file in the file's own order, not to be changed: see `inARow`. */
export function float32Tensors(file: SafetensorsFile): NamedTensors {
  const entries = [...file.tensors].filter(([, { data }]) => data instanceof Float32Array);
  const layout = tensorLayout(entries.map(([name, { shape }]) => ({ name, shape })));
  return namedTensors(layout, inARow(entries.map(([, { data }]) => data as Float32Array)));
}

/** One after another: in the memory that they are in, where each begins there at the end of the one before, else in their own. */
export function inARow(parts: readonly Float32Array[]): Float32Array {
  const size = parts.reduce((sum, { length }) => sum + length, 0);
  const [first] = parts;
  if (first !== undefined && followEachOther(parts))
    return new Float32Array(first.buffer, first.byteOffset, size);
  const all = new Float32Array(size);
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}

function followEachOther(parts: readonly Float32Array[]): boolean {
  return parts.every(({ buffer, byteOffset }, i) => {
    const before = parts[i - 1];
    return (
      before === undefined ||
      (buffer === before.buffer && byteOffset === before.byteOffset + before.byteLength)
    );
  });
}

function parseHeader(bytes: Uint8Array, where: string): Record<string, unknown> {
  let header: unknown;
  try {
    header = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
  } catch {
    throw new InputError(`${where} header`, "JSON", "something else");
  }
  if (typeof header !== "object" || header === null || Array.isArray(header))
    throw new InputError(`${where} header`, "an object", JSON.stringify(header).slice(0, 40));
  return header as Record<string, unknown>;
}

function entry(name: string, value: unknown, all: Uint8Array, where: string): SafetensorsEntry {
  const at = `${where}, tensor ${name}`;
  const { dtype, shape, data_offsets } = (value ?? {}) as Record<string, unknown>;
  if (typeof dtype !== "string" || !Object.hasOwn(types, dtype))
    throw new InputError(`${at} dtype`, "F32, F16, BF16, I32 or U8", JSON.stringify(dtype));
  const type = types[dtype as TypeWord];
  const whole = (list: unknown): list is number[] =>
    Array.isArray(list) && list.every((n) => Number.isSafeInteger(n) && n >= 0);
  if (!whole(shape)) throw new InputError(`${at} shape`, "a list of sizes", JSON.stringify(shape));
  if (!whole(data_offsets) || data_offsets.length !== 2)
    throw new InputError(`${at} data_offsets`, "[start, end]", JSON.stringify(data_offsets));
  const [start, end] = data_offsets as [number, number];
  const size = shape.reduce((product, side) => product * side, 1);
  const sizeBytes = size * type.bytes;
  if (end - start !== sizeBytes) throw new InputError(`${at} data`, `${sizeBytes} bytes`, `${end - start}`);
  if (end > all.length) throw new InputError(`${at} data`, `an end at ${all.length} or before`, `${end}`);
  const offset = all.byteOffset + start;
  if (offset % type.bytes === 0) return { shape, data: type.read(all.buffer, offset, size) };
  const copy = new Uint8Array(sizeBytes); // not by slice: a Node Buffer's is a view
  copy.set(all.subarray(start, end));
  return { shape, data: type.read(copy.buffer, 0, size) };
}
