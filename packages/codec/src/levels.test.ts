import {
  bfloat16From,
  bfloat16Value,
  largestBfloat16,
  type NamedTensors,
  namedTensors,
  random,
  tensorLayout,
} from "@homebody/base";
import fc from "fast-check";
import { expect, test } from "vitest";

import { blockSize } from "./arithmetic.ts";
import { int2, int4, int8 } from "./levels.ts";

const codecs = [
  { codec: int8, bits: 8 },
  { codec: int4, bits: 4 },
  { codec: int2, bits: 2 },
] as const;

const finite = fc.float({ noNaN: true, noDefaultInfinity: true });
const usual = fc.float({ min: -1, max: 1, noNaN: true });
const oneTensor = (number: fc.Arbitrary<number>): fc.Arbitrary<NamedTensors> =>
  fc
    .array(number, { maxLength: 3 * blockSize })
    .map((numbers) =>
      namedTensors(tensorLayout([{ name: "a", shape: [numbers.length] }]), Float32Array.from(numbers)),
    );

const norm = (numbers: Float32Array) => Math.sqrt(numbers.reduce((sum, x) => sum + x * x, 0));
const largest = (numbers: Float32Array) => numbers.reduce((most, x) => Math.max(most, Math.abs(x)), 0);

test("a bfloat16 is the nearest to a number, and never infinite", () => {
  fc.assert(
    fc.property(finite, (x) => {
      const back = bfloat16Value(bfloat16From(x));
      if (Math.abs(x) <= largestBfloat16)
        expect(Math.abs(back - x)).toBeLessThanOrEqual(Math.max(Math.abs(x) * 2 ** -8, 2 ** -134));
      else expect(back).toBe(Math.sign(x) * largestBfloat16);
    }),
  );
  // Ties go to the even neighbour.
  expect(bfloat16From(1 + 2 ** -8)).toBe(0x3f80);
  expect(bfloat16From(1 + 3 * 2 ** -8)).toBe(0x3f82);
});

test.each(codecs)("[W4] $codec.name: $bits bits a number and a bfloat16 a block", ({ codec, bits }) => {
  const layout = tensorLayout([
    { name: "a", shape: [130] },
    { name: "b", shape: [3] },
    { name: "c", shape: [0] },
  ]);
  expect(codec.mostBytes(layout)).toBe(
    20 + 2 * (3 + 1) + Math.ceil((130 * bits) / 8) + Math.ceil((3 * bits) / 8),
  );
});

test.each(codecs)("[W8] $codec.name: no tensor grows", ({ codec }) => {
  fc.assert(
    fc.property(oneTensor(fc.oneof(usual, finite)), (delta) => {
      const back = codec.decode(codec.encode(delta), delta.layout).numbers.data;
      const tiny = 2 ** -120; // where bfloat16 has fewer bits
      expect(norm(back)).toBeLessThanOrEqual(norm(delta.data) * (1 + 2 ** -8) + tiny);
      expect(largest(back)).toBeLessThanOrEqual(largest(delta.data) * (1 + 2 ** -8) + tiny);
    }),
    { numRuns: 1000 },
  );
});

test.each(codecs)("[W9] $codec.name: blocks are off by no more than an even grid", ({ codec, bits }) => {
  fc.assert(
    fc.property(oneTensor(usual), (delta) => {
      const back = codec.decode(codec.encode(delta), delta.layout).numbers.data;
      for (let from = 0; from < back.length; from += blockSize) {
        const block = delta.data.subarray(from, from + blockSize);
        const extreme = block.find((x) => Math.abs(x) === largest(block))!;
        const step = extreme / -(2 ** (bits - 1));
        const onGrid = (x: number) => step * Math.min(Math.round(x / step), 2 ** (bits - 1) - 1);
        const even = norm(block.map((x) => (step === 0 ? 0 : x - onGrid(x))));
        const own = norm(block.map((x, i) => x - back[from + i]!));
        expect(own).toBeLessThanOrEqual(even + norm(block) * 2 ** -8 + 2 ** -120);
      }
    }),
    { numRuns: 500 },
  );
});

test.each(codecs)("[W10] $codec.name: by chance, the mean of many is the number", ({ codec, bits }) => {
  const layout = tensorLayout([{ name: "a", shape: [blockSize] }]);
  const dice = random("by chance");
  const delta = namedTensors(
    layout,
    Float32Array.from({ length: blockSize }, () => dice.normal()),
  );
  const times = 1000;
  const sum = new Float64Array(blockSize);
  let furthest = 0;
  const step = largest(delta.data) / (2 ** (bits - 1) - 1);
  for (let i = 0; i < times; i++)
    codec.decode(codec.encode(delta, undefined, dice), layout).numbers.data.forEach((y, j) => {
      furthest = Math.max(furthest, Math.abs(y - delta.data[j]!));
      sum[j]! += y;
    });
  expect(furthest).toBeLessThanOrEqual(step * 1.01);
  // A deviation of at most half a step, over the root of the times: five of those.
  for (const [j, all] of sum.entries())
    expect(Math.abs(all / times - delta.data[j]!)).toBeLessThanOrEqual((5 * step) / 2 / Math.sqrt(times));
});

test.each(codecs)("[W1] [W3] $codec.name: the same dice give the same bytes, and zeros stay", ({ codec }) => {
  fc.assert(
    fc.property(oneTensor(fc.oneof(fc.constant(0), finite)), (delta) => {
      const bytes = codec.encode(delta, undefined, random("one"));
      expect(codec.encode(delta, undefined, random("one"))).toEqual(bytes);
      const back = codec.decode(bytes, delta.layout).numbers.data;
      for (const [i, x] of delta.data.entries()) if (x === 0) expect(back[i]! + 0).toBe(0);
    }),
  );
});

test.each(codecs)(
  "[W6] $codec.name: a scale out of range and bits behind a tensor are refused",
  ({ codec }) => {
    const layout = tensorLayout([{ name: "a", shape: [3] }]);
    const delta = namedTensors(layout, Float32Array.of(1, -0.5, 0.25));
    const with16 = (at: number, value: number) => {
      const bytes = codec.encode(delta);
      new DataView(bytes.buffer).setUint16(at, value, true);
      return bytes;
    };
    for (const scale of [0x7f80, 0x7fc0, 0xff80, 0x7f7f])
      expect(() => codec.decode(with16(20, scale), layout)).toThrow("a scale: expected at most");
    if (codec === int8) return; // every bit is a number's
    const bytes = codec.encode(delta);
    bytes[bytes.length - 1]! |= 0x80;
    expect(() => codec.decode(bytes, layout)).toThrow("a, last byte: expected");
  },
);
