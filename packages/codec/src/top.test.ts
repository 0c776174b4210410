import fc from "fast-check";
import { expect, test } from "vitest";
import { chunkSize, topSelector } from "./top.ts";

const selector = topSelector();

/** By sorting all of them. */
function expected(numbers: Float32Array, most: number): number[] {
  return [...numbers.keys()]
    .filter((i) => numbers[i] !== 0)
    .sort((a, b) => Math.abs(numbers[b]!) - Math.abs(numbers[a]!) || a - b)
    .slice(0, most)
    .sort((a, b) => a - b);
}

function selected(numbers: Float32Array, most: number): number[] {
  const positions = new Uint16Array(chunkSize);
  const count = selector.select(new Int32Array(numbers.buffer), 0, numbers.length, most, positions);
  return [...positions.subarray(0, count)];
}

test("[W11] the top by magnitude, the first of equals, never zeros", () => {
  const any = fc.float({ noNaN: true, noDefaultInfinity: true });
  const alike = fc.constantFrom(0, -0, 1, -1, 1 + 2 ** -23, 2 ** -149, -1.5);
  const numbers = fc.oneof(...[any, alike].map((one) => fc.array(one, { minLength: 1, maxLength: 200 })));
  fc.assert(
    fc.property(numbers, fc.integer({ min: 1, max: 220 }), (list, most) => {
      const numbers = Float32Array.from(list);
      expect(selected(numbers, Math.min(most, numbers.length))).toEqual(expected(numbers, most));
    }),
    { numRuns: 1000 },
  );
});

test("[W11] a chunk of one magnitude, and one that differs in its last bits alone", () => {
  const flat = new Float32Array(chunkSize).fill(-3);
  expect(selected(flat, 64)).toEqual([...Array(64).keys()]);
  const close = Float32Array.from(flat, (_, i) => 1 + i * 2 ** -23);
  expect(selected(close, 64)).toEqual(expected(close, 64));
  expect(selected(new Float32Array(chunkSize), 64)).toEqual([]);
});
