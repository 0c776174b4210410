// The largest numbers alone: of each chunk of 4,096 numbers of a tensor (the last one shorter) the top k by magnitude, each
// in two bits (after SparseLoCo, arXiv 2508.15706). After the header:
//
//  20  u16              k, of a whole chunk; of a shorter one its share, rounded up
//  22  u16 a block      bytes of the block; a block is up to 64 chunks of one tensor, and one of zeros has no bytes
//  ..  the blocks
//
// A block:
//
//   0  u16 small, u16 large    the two magnitudes that its numbers have, as bfloat16 without a sign
//   4  u8                      r, the Rice parameter, 0 to 12
//   5  bits                    lowest of a byte first, then zeros to the end of the byte. Chunk by chunk, in order of
//                              position, of each number that is kept: how many positions are passed over since the one
//                              before, as a Rice code (the higher bits as so many ones and a zero, then the r lowest
//                              bits); one bit, 1 if negative; one bit, 1 if large
//
// Where fewer than k of a chunk are kept, a Rice code that passes over all that is left of it ends it.

import {
  bfloat16From,
  bfloat16Value,
  type NamedTensors,
  namedTensors,
  slotView,
  type TensorLayout,
} from "@homebody/base";
import { bitReader, bitWriter } from "./bits.ts";
import type { Codec } from "./codec.ts";
import { DeltaError } from "./delta-error.ts";
import { subtract } from "./dropped.ts";
import { requireFinite } from "./finite.ts";
import { checkHeader, headerBytes, writeHeader } from "./header.ts";
import { chunkSize, topSelector } from "./top.ts";

const chunksInBlock = 64;
const blockHeader = 5;
const mostRice = 12;
const inBlock = chunksInBlock * chunkSize;

/** Of more a block might not fit in the 16 bits that say its size. */
const mostKept = 1024;

/** With at most `kept` of 4,096 numbers: 1 to 1,024. */
export function sparse2(kept: number): Codec {
  if (!(Number.isInteger(kept) && kept >= 1 && kept <= mostKept))
    throw new RangeError(`kept of a chunk: expected 1 to ${mostKept}, got ${kept}`);
  return {
    name: "sparse2",
    exact: false,
    mostBytes: (layout) => mostBytes(layout, kept),
    encode: (numbers, dropped) => encode(numbers, kept, dropped),
    decode: (bytes, layout, into) => decode(bytes, layout, kept, into),
  };
}

const keptOf = (kept: number, size: number) => Math.ceil((kept * size) / chunkSize);
const blocksOf = (size: number) => Math.ceil(size / inBlock);
const tableAt = headerBytes + 2;
const blocksAt = ({ slots }: TensorLayout) =>
  slots.reduce((sum, { size }) => sum + 2 * blocksOf(size), tableAt);

function mostBytes(layout: TensorLayout, kept: number): number {
  let bytes = blocksAt(layout);
  for (const { size } of layout.slots)
    for (let from = 0; from < size; from += inBlock)
      bytes += mostBytesOfBlock(Math.min(inBlock, size - from), kept);
  return bytes;
}

/** With the Rice parameter that is best where all that is passed over is passed over at once. */
function mostBytesOfBlock(size: number, kept: number): number {
  const last = size % chunkSize;
  const codes = Math.floor(size / chunkSize) * kept + keptOf(kept, last);
  let least = Number.POSITIVE_INFINITY;
  for (let rice = 0; rice <= mostRice; rice++)
    least = Math.min(least, codes * (rice + 1 + 2) + Math.floor(size / 2 ** rice));
  return blockHeader + Math.ceil(least / 8);
}

/** What is kept of a block; its memory is made once a section. */
interface Kept {
  /** Positions that are passed over before each. */
  readonly gaps: Uint16Array;
  /** Zero where the gap ends a chunk before k. */
  readonly values: Float32Array;
  count: number;
}

function encode(numbers: NamedTensors, kept: number, dropped?: Float32Array): Uint8Array {
  requireFinite(numbers);
  const { layout } = numbers;
  const bytes = new Uint8Array(mostBytes(layout, kept));
  writeHeader(bytes, "sparse2", layout);
  const view = new DataView(bytes.buffer);
  view.setUint16(headerBytes, kept, true);
  const room = chunksInBlock * kept;
  const found: Kept = { gaps: new Uint16Array(room), values: new Float32Array(room), count: 0 };
  const [find, write] = [finder(kept, found), blockWriter(bytes)];
  let [sizeAt, at] = [tableAt, blocksAt(layout)];
  for (const slot of layout.slots) {
    const values = slotView(numbers, slot);
    const bits = new Int32Array(values.buffer, values.byteOffset, values.length);
    for (let from = 0; from < values.length; from += inBlock) {
      find(values, bits, from, Math.min(from + inBlock, values.length));
      const size = write(found, at);
      view.setUint16(sizeAt, size, true);
      sizeAt += 2;
      at += size;
    }
  }
  const section = bytes.slice(0, at);
  if (dropped !== undefined) subtract(numbers, decode(section, layout, kept, dropped).numbers, dropped);
  return section;
}

/** Fills `found` from a block of a tensor. */
function finder(kept: number, found: Kept) {
  const selector = topSelector();
  const positions = new Uint16Array(kept);
  return (values: Float32Array, bits: Int32Array, start: number, end: number): void => {
    let all = 0;
    for (let from = start; from < end; from += chunkSize) {
      const size = Math.min(chunkSize, end - from);
      const most = keptOf(kept, size);
      const count = selector.select(bits, from, from + size, most, positions);
      let next = 0;
      for (let i = 0; i < count; i++) {
        const at = positions[i]!;
        found.gaps[all] = at - next;
        found.values[all++] = values[from + at]!;
        next = at + 1;
      }
      if (count === most) continue;
      found.gaps[all] = size - next;
      found.values[all++] = 0;
    }
    found.count = all;
  };
}

/** Writes what was found from byte `at` on: how many bytes. */
function blockWriter(bytes: Uint8Array): (found: Kept, at: number) => number {
  const writer = bitWriter(bytes);
  const view = new DataView(bytes.buffer);
  return (found, at) => {
    const { small, large, border } = codebookOf(found);
    if (bfloat16From(large) === 0) return 0;
    const rice = bestRice(found);
    view.setUint16(at, bfloat16From(small), true);
    view.setUint16(at + 2, bfloat16From(large), true);
    bytes[at + 4] = rice;
    writer.start(at + blockHeader);
    for (let i = 0; i < found.count; i++) {
      const gap = found.gaps[i]!;
      const value = found.values[i]!;
      writer.putUnary(gap >>> rice);
      writer.put(gap & ((1 << rice) - 1), rice);
      if (value !== 0) writer.put((value < 0 ? 1 : 0) | (Math.abs(value) > border ? 2 : 0), 2);
    }
    writer.flush();
    return writer.at - at;
  };
}

function bestRice({ gaps, count }: Kept): number {
  let [best, least] = [0, Number.POSITIVE_INFINITY];
  for (let rice = 0; rice <= mostRice; rice++) {
    let bits = count * (rice + 1);
    for (let i = 0; i < count; i++) bits += gaps[i]! >>> rice;
    if (bits < least) [best, least] = [rice, bits];
  }
  return best;
}

interface Codebook {
  readonly small: number;
  readonly large: number;
  /** What is beyond it is large. */
  readonly border: number;
}

const refinements = 5;

/**
 * Two magnitudes, each the mean of those that it stands for (Lloyd's algorithm, from their mean), so that a block's norm does
 * not grow. Zeros where nothing is kept.
 */
function codebookOf({ values, count }: Kept): Codebook {
  let [small, large, border] = [0, 0, 0];
  for (let round = 0; ; round++) {
    let below = 0;
    let sizeBelow = 0;
    let above = 0;
    let sizeAbove = 0;
    for (let i = 0; i < count; i++) {
      const size = Math.abs(values[i]!);
      if (size > border) {
        above++;
        sizeAbove += size;
      } else if (size > 0) {
        below++;
        sizeBelow += size;
      }
    }
    if (above === 0) return { small, large, border }; // nothing, or all alike
    large = sizeAbove / above;
    small = below === 0 ? large : sizeBelow / below;
    if (round === refinements) return { small, large, border };
    border = (small + large) / 2;
  }
}

function decode(bytes: Uint8Array, layout: TensorLayout, kept: number, into?: Float32Array) {
  const start = blocksAt(layout);
  checkHeader(bytes, "sparse2", layout, start);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const written = view.getUint16(headerBytes, true);
  if (written !== kept) throw new DeltaError("format", `kept of a chunk: expected ${kept}, got ${written}`);
  const numbers = namedTensors(layout, into?.fill(0));
  const read = blockReader(bytes, kept);
  let [sizeAt, at] = [tableAt, start];
  for (const slot of layout.slots) {
    const values = slotView(numbers, slot);
    for (let from = 0; from < values.length; from += inBlock) {
      const size = view.getUint16(sizeAt, true);
      sizeAt += 2;
      if (at + size > bytes.length)
        throw new DeltaError("size", `${slot.name}: expected ${at + size} bytes, got ${bytes.length}`);
      if (size > 0) read(at, at + size, values, from, Math.min(from + inBlock, values.length), slot.name);
      at += size;
    }
  }
  return { numbers, sizeBytes: at };
}

/** Reads a block from bytes `at` to `end` into `values[from..to)`, which are zero. */
function blockReader(bytes: Uint8Array, kept: number) {
  const reader = bitReader(bytes);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return (at: number, end: number, values: Float32Array, from: number, to: number, name: string): void => {
    if (end - at <= blockHeader)
      throw new DeltaError("format", `${name}: expected a block, got ${end - at} bytes`);
    const small = bfloat16Value(view.getUint16(at, true));
    const large = bfloat16Value(view.getUint16(at + 2, true));
    const rice = bytes[at + 4]!;
    if (!(small >= 0 && small <= large && large > 0 && large < Number.POSITIVE_INFINITY))
      throw new DeltaError("format", `${name}: expected two finite magnitudes, got ${small} and ${large}`);
    if (rice > mostRice) throw new DeltaError("format", `${name}: expected a Rice parameter, got ${rice}`);
    reader.start(at + blockHeader, end);
    for (let start = from; start < to; start += chunkSize) {
      const chunkEnd = Math.min(start + chunkSize, to);
      const most = keptOf(kept, chunkEnd - start);
      let next = start;
      for (let i = 0; i < most; i++) {
        const higher = reader.takeUnary((chunkEnd - next) >>> rice);
        next += (higher << rice) | reader.take(rice);
        if (next === chunkEnd) break;
        if (next > chunkEnd) throw new DeltaError("format", `${name}: position ${next} of ${chunkEnd}`);
        const how = reader.take(2);
        const size = (how & 2) === 0 ? small : large;
        values[next++] = (how & 1) === 0 ? size : -size;
      }
    }
    if (!reader.isDone())
      throw new DeltaError("format", `${name}: expected the block to end with its numbers`);
  };
}
