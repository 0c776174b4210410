// A reader and a writer of little-endian bytes, and pieces of bytes as one. The reader checks every bound and says where it ran out.

import { InputError } from "./errors.ts";

export interface ByteWriter {
  u8(value: number): void;
  u16(value: number): void;
  u32(value: number): void;
  f32(value: number): void;
  raw(bytes: Uint8Array): void;
  /** A u16 length in bytes, then UTF-8. */
  text(value: string): void;
  done(): Uint8Array;
}

export function byteWriter(): ByteWriter {
  let buffer = new Uint8Array(256);
  let view = new DataView(buffer.buffer);
  let at = 0;
  function room(size: number): number {
    if (at + size > buffer.length) {
      const grown = new Uint8Array(Math.max(buffer.length * 2, at + size));
      grown.set(buffer);
      buffer = grown;
      view = new DataView(buffer.buffer);
    }
    const here = at;
    at += size;
    return here;
  }
  const writer: ByteWriter = {
    u8: (value) => view.setUint8(room(1), value),
    u16: (value) => {
      const here = room(2);
      view.setUint16(here, value, true);
    },
    u32: (value) => {
      const here = room(4);
      view.setUint32(here, value, true);
    },
    f32: (value) => {
      const here = room(4);
      view.setFloat32(here, value, true);
    },
    raw: (bytes) => {
      const here = room(bytes.length);
      buffer.set(bytes, here);
    },
    text: (value) => {
      const bytes = new TextEncoder().encode(value);
      if (bytes.length > 65535) throw new RangeError(`text of ${bytes.length} bytes: at most 65535`);
      writer.u16(bytes.length);
      writer.raw(bytes);
    },
    done: () => buffer.slice(0, at),
  };
  return writer;
}

export interface ByteReader {
  readonly remaining: number;
  u8(what: string): number;
  u16(what: string): number;
  u32(what: string): number;
  f32(what: string): number;
  /** A view, not a copy. */
  raw(size: number, what: string): Uint8Array;
  text(what: string): string;
  /** Throws unless everything was read. */
  end(what: string): void;
}

export function byteReader(bytes: Uint8Array): ByteReader {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let at = 0;
  function take(size: number, what: string): number {
    if (size > bytes.length - at)
      throw new InputError(`${what} at byte ${at}`, `${size} bytes`, `${bytes.length - at}`);
    const here = at;
    at += size;
    return here;
  }
  const reader: ByteReader = {
    get remaining() {
      return bytes.length - at;
    },
    u8: (what) => view.getUint8(take(1, what)),
    u16: (what) => view.getUint16(take(2, what), true),
    u32: (what) => view.getUint32(take(4, what), true),
    f32: (what) => view.getFloat32(take(4, what), true),
    raw: (size, what) => {
      const here = take(size, what);
      return bytes.subarray(here, here + size);
    },
    text: (what) => new TextDecoder("utf-8", { fatal: true }).decode(reader.raw(reader.u16(what), what)),
    end: (what) => {
      if (at !== bytes.length)
        throw new InputError(what, `an end at byte ${at}`, `${bytes.length - at} more bytes`);
    },
  };
  return reader;
}

/** One after another, as one. */
export function joinedBytes(pieces: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(pieces.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const piece of pieces) {
    bytes.set(piece, at);
    at += piece.length;
  }
  return bytes;
}
