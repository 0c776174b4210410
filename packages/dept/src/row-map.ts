// Which rows of a vocabulary a device holds (DEPT's TRIM): those whose tokens occur in its text.
//
// A row map is a value; on the wire and in the blobs it is a bitmap, one bit a row, the lowest bit of a byte first.

import {
  InputError,
  type NamedTensors,
  namedTensors,
  requireSameLayout,
  type TensorLayout,
  tensorLayout,
} from "@homebody/base";

export interface RowMap {
  /** Rows of the whole. */
  readonly size: number;
  /** The rows that are held, ascending. The place in this list is a token's id on the device. */
  readonly ids: Int32Array;
}

/** The rows of these tokens; a token may come many times. Throws an InputError for one outside the vocabulary. */
export function rowMapOf(size: number, tokens: Iterable<number>): RowMap {
  const held = new Uint8Array(size);
  for (const token of tokens) {
    if (!(token >= 0 && token < size))
      throw new InputError("row map", `tokens from 0 to ${size - 1}`, `${token}`);
    held[token] = 1;
  }
  return fromFlags(held);
}

/** The bitmap: ceil(size / 8) bytes. */
export function bitsOf({ size, ids }: RowMap): Uint8Array {
  const bits = new Uint8Array(Math.ceil(size / 8));
  for (const id of ids) bits[id >> 3] = bits[id >> 3]! | (1 << (id & 7));
  return bits;
}

/** Throws an InputError unless the bitmap is one of exactly `size` rows, at least one of which is held. */
export function rowMapFrom(bits: Uint8Array, size: number): RowMap {
  const expected = Math.ceil(size / 8);
  if (bits.length !== expected) throw new InputError("row map", `${expected} bytes`, `${bits.length}`);
  const held = new Uint8Array(size);
  for (let row = 0; row < size; row++) held[row] = (bits[row >> 3]! >> (row & 7)) & 1;
  const beyond = size % 8 === 0 ? 0 : bits.at(-1)! >> (size % 8);
  if (beyond !== 0) throw new InputError("row map", `no bit beyond row ${size - 1}`, "one");
  return fromFlags(held);
}

function fromFlags(held: Uint8Array): RowMap {
  const ids = Int32Array.from(held.keys()).filter((row) => held[row] === 1);
  if (ids.length === 0) throw new InputError("row map", "at least one row", "none");
  return { size: held.length, ids };
}

/** The layout of the held rows: every tensor's first axis is the vocabulary. */
export function heldLayout({ slots }: TensorLayout, { size, ids }: RowMap): TensorLayout {
  return tensorLayout(
    slots.map(({ name, shape: [rows, ...rest] }) => {
      if (rows !== size) throw new InputError(`row map of ${name}`, `${rows} rows`, `${size}`);
      return { name, shape: [ids.length, ...rest] };
    }),
  );
}

/** The held rows of each tensor; a copy. */
export function takeRows(whole: NamedTensors, map: RowMap): NamedTensors {
  const held = namedTensors(heldLayout(whole.layout, map));
  for (const [i, { offset, size }] of whole.layout.slots.entries()) {
    const width = size / map.size;
    let to = held.layout.slots[i]!.offset;
    for (const id of map.ids) {
      const from = offset + id * width;
      held.data.set(whole.data.subarray(from, from + width), to);
      to += width;
    }
  }
  return held;
}

/** The whole with the held rows of each tensor in their places; a copy. */
export function putRows(whole: NamedTensors, held: NamedTensors, map: RowMap): NamedTensors {
  requireSameLayout(held.layout, heldLayout(whole.layout, map), "held rows");
  const put = namedTensors(whole.layout, whole.data.slice());
  for (const [i, { offset, size }] of whole.layout.slots.entries()) {
    const width = size / map.size;
    let from = held.layout.slots[i]!.offset;
    for (const id of map.ids) {
      put.data.set(held.data.subarray(from, from + width), offset + id * width);
      from += width;
    }
  }
  return put;
}
