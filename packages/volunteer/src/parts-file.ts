// One file of several parts, written and read whole: what belongs together is on the disk together or not at all.
//
// u32 length of a JSON head, the head ({meta, sizes}), then the parts one after another.

import { InputError } from "@homebody/base";

export interface PartsFile<M> {
  readonly meta: M;
  readonly parts: readonly Uint8Array[];
}

export function encodeParts<M>({ meta, parts }: PartsFile<M>): Uint8Array {
  const head = new TextEncoder().encode(JSON.stringify({ meta, sizes: parts.map(({ length }) => length) }));
  const file = new Uint8Array(4 + head.length + parts.reduce((sum, { length }) => sum + length, 0));
  new DataView(file.buffer).setUint32(0, head.length, true);
  file.set(head, 4);
  let at = 4 + head.length;
  for (const part of parts) {
    file.set(part, at);
    at += part.length;
  }
  return file;
}

/** The meta is what this device wrote itself; its form is not checked again. */
export function decodeParts<M>(file: Uint8Array, where: string): PartsFile<M> {
  const view = new DataView(file.buffer, file.byteOffset, file.byteLength);
  const headBytes = file.length < 4 ? Number.POSITIVE_INFINITY : view.getUint32(0, true);
  if (4 + headBytes > file.length)
    throw new InputError(where, "a head within the file", `${file.length} bytes`);
  const { meta, sizes } = JSON.parse(new TextDecoder().decode(file.subarray(4, 4 + headBytes))) as {
    meta: M;
    sizes: number[];
  };
  let at = 4 + headBytes;
  const parts = sizes.map((size) => {
    const part = file.slice(at, at + size);
    at += size;
    return part;
  });
  if (at !== file.length) throw new InputError(where, `${at} bytes`, `${file.length}`);
  return { meta, parts };
}

/** Numbers as bytes, without copying. */
export function bytesOf(numbers: Float32Array): Uint8Array {
  return new Uint8Array(numbers.buffer, numbers.byteOffset, numbers.byteLength);
}

/** Numbers again, in memory of their own. */
export function numbersOf(bytes: Uint8Array, count: number, where: string): Float32Array<ArrayBuffer> {
  if (bytes.length !== 4 * count) throw new InputError(where, `${4 * count} bytes`, `${bytes.length}`);
  const copy = new Uint8Array(bytes.length);
  copy.set(bytes);
  return new Float32Array(copy.buffer);
}
