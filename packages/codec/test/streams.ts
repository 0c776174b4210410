// Sections that are almost right, by dice: what an encoder wrote and somebody changed where it hurts, and sections put
// together by the grammar of the format with fields that no encoder chooses.

import {
  type NamedTensors,
  namedTensors,
  type Random,
  type TensorLayout,
  tensorLayout,
} from "@homebody/base";
import { type Codec, codecs, sparse2 } from "../src/index.ts";

export interface Target {
  readonly codec: Codec;
  readonly layout: TensorLayout;
  /** As the codec writes it. */
  readonly section: Uint8Array;
}

const all: readonly Codec[] = [...Object.values(codecs), ...[1, 32, 64, 1024].map(sparse2)];

export function targetOf(dice: Random): Target {
  const codec = all[dice.below(all.length)]!;
  const sizes = Array.from({ length: dice.below(4) }, () => sizeOf(dice));
  const layout = tensorLayout(sizes.map((size, i) => ({ name: `h.${i}.weight`, shape: [size] })));
  return { codec, layout, section: codec.encode(deltaOf(layout, dice)) };
}

/** Mostly small: what fails, fails at the borders of blocks and chunks. */
function sizeOf(dice: Random): number {
  const kind = dice.below(100);
  if (kind === 0) return 4090 + dice.below(12);
  if (kind === 1) return dice.below(3) * 4096;
  return kind < 10 ? dice.below(300) : dice.below(70);
}

function deltaOf(layout: TensorLayout, dice: Random): NamedTensors {
  const scale = 2 ** (dice.below(250) - 130);
  const share = dice.below(4);
  const numbers = Float32Array.from({ length: layout.size }, () =>
    dice.below(4) < share ? 0 : (dice.uniform() - 0.5) * scale,
  );
  return namedTensors(layout, numbers);
}

/** One input from it. */
export function inputFrom(target: Target, dice: Random): Uint8Array {
  const kind = dice.below(8);
  if (kind === 0) return bySections(target, dice);
  if (kind === 1) return target.section.slice(0, dice.below(target.section.length + 1));
  const bytes = kind === 2 ? longer(target.section, dice) : target.section.slice();
  for (let changes = 1 + dice.below(4); changes > 0; changes--) change(bytes, dice);
  return bytes;
}

function longer(section: Uint8Array, dice: Random): Uint8Array {
  const bytes = new Uint8Array(section.length + 1 + dice.below(40));
  bytes.set(section);
  for (let i = section.length; i < bytes.length; i++) bytes[i] = dice.below(256);
  return bytes;
}

/** A field of the head, of the tables behind it, or anything; most changes leave the header as it is, to come further. */
function change(bytes: Uint8Array, dice: Random): void {
  if (bytes.length === 0) return;
  const view = new DataView(bytes.buffer);
  const from = dice.below(20) === 0 ? 0 : Math.min(20, bytes.length - 1);
  const reach = dice.below(2) === 0 ? Math.min(12, bytes.length - from) : bytes.length - from;
  const at = from + dice.below(reach);
  const kind = dice.below(6);
  if (kind === 0) bytes[at]! ^= 1 << dice.below(8);
  else if (kind === 1) bytes[at] = dice.below(256);
  else if (kind === 2) bytes[at] = [0, 1, 12, 13, 127, 128, 255][dice.below(7)]!;
  else if (kind === 3 && at + 2 <= bytes.length) view.setUint16(at, words[dice.below(words.length)]!, true);
  else if (kind === 4) bytes.fill(dice.below(2) * 255, at, at + dice.below(20));
  else bytes.copyWithin(at, from + dice.below(bytes.length - from), bytes.length);
}

/** Of a float's upper half, a table or a count: borders. */
const words = [
  0, 1, 5, 6, 63, 64, 65, 4096, 32767, 32768, 65535, 0x7f7f, 0x7f80, 0x7fc0, 0xff7f, 0xff80, 0x3f80,
];

/** The right header, then whatever the grammar has: a table, heads of blocks, and bits. */
function bySections({ codec, layout, section }: Target, dice: Random): Uint8Array {
  const bytes = new Uint8Array(20 + dice.below(2 * codec.mostBytes(layout) + 60));
  for (let i = 20; i < bytes.length; i++) bytes[i] = dice.below(256);
  bytes.set(section.subarray(0, Math.min(22, section.length, bytes.length)));
  const blocks = layout.slots.filter(({ size }) => size > 0).length;
  if (codec.name !== "sparse2" || bytes.length < 22 + 2 * blocks + 6) return bytes;
  const view = new DataView(bytes.buffer);
  let at = 22 + 2 * blocks;
  for (let block = 0; block < blocks; block++) {
    const left = bytes.length - at;
    const size = left < 6 ? 0 : 6 + dice.below(Math.min(left - 5, 300));
    view.setUint16(22 + 2 * block, dice.below(30) === 0 ? dice.below(65_536) : size, true);
    if (size > 0) {
      view.setUint16(at, 0x3c00 + dice.below(64), true);
      view.setUint16(at + 2, 0x3c40 + dice.below(64), true);
      bytes[at + 4] = dice.below(14);
      if (dice.below(2) === 0) bytes.fill(0, at + 6 + dice.below(size), at + size);
    }
    at += size;
  }
  return bytes.subarray(0, dice.below(10) === 0 ? bytes.length : at);
}
