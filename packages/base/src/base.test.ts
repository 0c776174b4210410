import fc from "fast-check";
import { expect, test } from "vitest";
import {
  byteReader,
  byteWriter,
  decodeSafetensors,
  drawnPlace,
  encodeSafetensors,
  float32Tensors,
  inARow,
  memory,
  namedTensors,
  permutation,
  random,
  sha256Of,
  sourceId,
  tensorLayout,
} from "./index.ts";

test("the same seed gives the same numbers, another seed others", () => {
  const draw = (seed: string) =>
    Array.from(
      { length: 8 },
      (
        (r) => () =>
          r.uint32()
      )(random(seed)),
    );
  expect(draw("a")).toEqual(draw("a"));
  expect(draw("a")).not.toEqual(draw("b"));
});

test("normal deviates have mean 0 and deviation 1", () => {
  const r = random("normal");
  const values = Array.from({ length: 20_000 }, () => r.normal());
  const mean = values.reduce((sum, x) => sum + x, 0) / values.length;
  const variance = values.reduce((sum, x) => sum + (x - mean) ** 2, 0) / values.length;
  expect(Math.abs(mean)).toBeLessThan(0.03);
  expect(Math.abs(variance - 1)).toBeLessThan(0.05);
});

test("a permutation holds every number once", () => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 300 }), fc.string(), (n, seed) => {
      const order = [...permutation(n, random(seed))].sort((a, b) => a - b);
      expect(order).toEqual(Array.from({ length: n }, (_, i) => i));
    }),
  );
});

test("places are drawn as often as their weights say, whatever these sum to, and one of weight 0 never", () => {
  const [weights, draws] = [[0, 3, 0, 1, 4, 0], 8000];
  for (const scale of [1, 1e-9, 1e9]) {
    const scaled = weights.map((weight) => weight * scale);
    const [dice, seen] = [random("places"), weights.map(() => 0)];
    for (let i = 0; i < draws; i++) seen[drawnPlace(scaled, dice)]! += 1;
    for (const [i, weight] of weights.entries()) {
      const share = weight / 8;
      const deviation = Math.sqrt(draws * share * (1 - share));
      expect(Math.abs(seen[i]! - draws * share)).toBeLessThanOrEqual(4 * deviation);
    }
  }
  const most = { ...random("most"), uniform: () => 1 };
  expect(drawnPlace(weights, most)).toBe(4); // rounding may leave something over: the last that is possible
});

test("bytes round-trip, and a short buffer says where it ran out", () => {
  const writer = byteWriter();
  writer.u8(7);
  writer.u16(65535);
  writer.u32(4294967295);
  writer.text("日本語");
  writer.f32(0.5);
  const bytes = writer.done();
  const reader = byteReader(bytes);
  expect([reader.u8("a"), reader.u16("b"), reader.u32("c"), reader.text("d"), reader.f32("e")]).toEqual([
    7,
    65535,
    4294967295,
    "日本語",
    0.5,
  ]);
  reader.end("all");
  expect(() => byteReader(bytes.subarray(0, 2)).u32("length")).toThrow(
    "length at byte 0: expected 4 bytes, got 2",
  );
});

test("safetensors round-trip, canonically", () => {
  const layout = tensorLayout([
    { name: "b", shape: [2, 3] },
    { name: "a", shape: [1] },
  ]);
  const tensors = namedTensors(layout, Float32Array.from([1, 2, 3, 4, 5, 6, -0]));
  const bytes = encodeSafetensors(tensors, { round: "3", run: "x" });
  expect(sha256Of(bytes)).toBe(sha256Of(encodeSafetensors(tensors, { run: "x", round: "3" })));
  const file = decodeSafetensors(bytes);
  expect(file.metadata).toEqual({ round: "3", run: "x" });
  expect(float32Tensors(file)).toEqual(tensors);
  expect(() => decodeSafetensors(bytes.subarray(0, bytes.length - 4))).toThrow(
    /tensor a data: expected an end/,
  );
});

test("an id that is not one says what was expected", () => {
  expect(() => sourceId("Español")).toThrow(
    'source: expected 1 to 32 of a-z, 0-9 and -, not starting with -, got "Español"',
  );
});

test("safetensors in a Node Buffer, anywhere in its memory, are read as those in a Uint8Array", () => {
  const tensors = namedTensors(tensorLayout([{ name: "a", shape: [3] }]), new Float32Array([1, 2, 3]));
  const bytes = encodeSafetensors(tensors);
  const shifted = Buffer.concat([Buffer.alloc(5), bytes]).subarray(5);
  expect(float32Tensors(decodeSafetensors(shifted)).data).toEqual(tensors.data);
});

test("tensors that lie in a row are read where they are, others are laid in a row", () => {
  const numbers = Float32Array.of(1, 2, 3, 4, 5, 6);
  const [a, b, c] = [numbers.subarray(1, 3), numbers.subarray(3, 4), numbers.subarray(4)];
  const together = inARow([a, b, c]);
  expect([together.buffer, together.byteOffset, ...together]).toEqual([numbers.buffer, 4, 2, 3, 4, 5, 6]);
  for (const parts of [
    [b, a],
    [a, c],
    [a, b.slice()],
  ]) {
    const laid = inARow(parts);
    expect(laid.buffer).not.toBe(numbers.buffer);
    expect([...laid]).toEqual(parts.flatMap((part) => [...part]));
  }
  expect(inARow([])).toEqual(new Float32Array(0));
});

/** A file with one tensor of 16-bit numbers, byte by byte. */
function halves(dtype: string, words: readonly number[]): Uint8Array {
  const header = JSON.stringify({ a: { dtype, shape: [words.length], data_offsets: [0, 2 * words.length] } });
  const padded = new TextEncoder().encode(header.padEnd(Math.ceil(header.length / 8) * 8));
  const file = new Uint8Array(8 + padded.length + 2 * words.length);
  const view = new DataView(file.buffer);
  view.setBigUint64(0, BigInt(padded.length), true);
  file.set(padded, 8);
  for (const [i, word] of words.entries()) view.setUint16(8 + padded.length + 2 * i, word, true);
  return file;
}

test("safetensors of 16-bit floats are read as float32", () => {
  const numbersOf = (bytes: Uint8Array) => [...float32Tensors(decodeSafetensors(bytes)).data];
  expect(numbersOf(halves("F16", [0x3c00, 0xc000, 0x0001, 0x7bff]))).toEqual([1, -2, 2 ** -24, 65504]);
  expect(numbersOf(halves("BF16", [0x3f80, 0xc000, 0x3eab]))).toEqual([1, -2, 0.333984375]);
  expect(() => decodeSafetensors(halves("F8_E4M3", [0]))).toThrow("F32, F16, BF16, I32 or U8");
});

test("safetensors that are not wanted are left unread, whatever they are", () => {
  expect(decodeSafetensors(halves("I64", [0]), "file", (name) => name !== "a").tensors.size).toBe(0);
});

test("memory is the same each time, with what was left in it, and grows with what is asked for", () => {
  const place = memory((size) => new Uint8Array(size));
  place(3).fill(7);
  expect([...place(2)]).toEqual([7, 7]);
  expect([...place(3)]).toEqual([7, 7, 7]);
  expect([...place(5)]).toEqual([0, 0, 0, 0, 0]);
  expect(place(4).buffer).toBe(place(5).buffer);
});
