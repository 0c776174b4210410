// A shard as bytes, for the device's own disk. Version 1, little-endian:
//
//   0  "HBT1"       magic and version
//   4  u32 context
//   8  u32 tokens   of the stream
//  12  8 bytes      the start of the SHA-256 of all that follows
//  20  u16 a token
//  ..  u32 a row    bytes that it predicts
//
// A disk may return less than was written, or something else: decoding checks it all.

import { byteReader, byteWriter, InputError, sha256 } from "@homebody/base";
import type { Shard } from "./shard.ts";

const magic = "HBT1";
const headerBytes = 20;

export function encodeShard({ context, stream, rowBytes }: Shard): Uint8Array {
  const writer = byteWriter();
  writer.raw(new TextEncoder().encode(magic));
  writer.u32(context);
  writer.u32(stream.length);
  const header = writer.done();
  const bytes = new Uint8Array(headerBytes + stream.length * 2 + rowBytes.length * 4);
  const view = new DataView(bytes.buffer);
  bytes.set(header);
  let at = headerBytes;
  for (const token of stream) {
    view.setUint16(at, token, true);
    at += 2;
  }
  for (const size of rowBytes) {
    view.setUint32(at, size, true);
    at += 4;
  }
  bytes.set(sha256(bytes.subarray(headerBytes)).subarray(0, 8), 12);
  return bytes;
}

/** Throws an InputError unless the bytes are a whole shard of tokens below `vocabularySize`. */
export function decodeShard(bytes: Uint8Array, vocabularySize: number, where = "shard"): Shard {
  const reader = byteReader(bytes);
  const start = new TextDecoder().decode(reader.raw(4, `${where}, start`));
  if (start !== magic) throw new InputError(`${where}, start`, magic, JSON.stringify(start));
  const context = reader.u32(`${where}, context`);
  const tokens = reader.u32(`${where}, tokens`);
  const check = reader.raw(8, `${where}, check`);
  if (context < 1 || tokens < 2)
    throw new InputError(where, "a context of at least 1 and 2 tokens", `${context} and ${tokens}`);
  const rows = Math.ceil((tokens - 1) / context);
  const expected = headerBytes + tokens * 2 + rows * 4;
  if (bytes.length !== expected) throw new InputError(where, `${expected} bytes`, `${bytes.length}`);
  const sum = sha256(bytes.subarray(headerBytes));
  if (check.some((byte, i) => byte !== sum[i]))
    throw new InputError(where, "the bytes that were written", "others");
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const stream = new Uint16Array(tokens);
  for (let i = 0; i < tokens; i++) {
    const token = view.getUint16(headerBytes + i * 2, true);
    if (token >= vocabularySize)
      throw new InputError(`${where}, token ${i}`, `a token below ${vocabularySize}`, `${token}`);
    stream[i] = token;
  }
  const rowBytes = new Uint32Array(rows);
  for (let row = 0; row < rows; row++)
    rowBytes[row] = view.getUint32(headerBytes + tokens * 2 + row * 4, true);
  return { context, rows, stream, rowBytes };
}
