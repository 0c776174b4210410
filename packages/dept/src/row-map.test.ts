import { namedTensors, tensorLayout } from "@homebody/base";
import fc from "fast-check";
import { expect, test } from "vitest";
import { bitsOf, putRows, rowMapFrom, rowMapOf, takeRows } from "./index.ts";

test("a row map comes back from its bitmap", () => {
  fc.assert(
    fc.property(
      fc
        .integer({ min: 1, max: 70 })
        .chain((size) => fc.tuple(fc.constant(size), fc.array(fc.nat(size - 1), { minLength: 1 }))),
      ([size, tokens]) => {
        const map = rowMapOf(size, tokens);
        expect([...map.ids]).toEqual([...new Set(tokens)].sort((a, b) => a - b));
        expect(rowMapFrom(bitsOf(map), size)).toEqual(map);
        expect(bitsOf(map).length).toBe(Math.ceil(size / 8));
      },
    ),
  );
});

test("the lowest bit of a byte is the first row", () => {
  expect([...bitsOf(rowMapOf(12, [0, 9]))]).toEqual([1, 2]);
});

test("a bitmap of another length, with a bit beyond the last row, or with none is refused", () => {
  expect(() => rowMapFrom(new Uint8Array(2).fill(1), 17)).toThrow("row map: expected 3 bytes, got 2");
  expect(() => rowMapFrom(Uint8Array.of(1, 16), 12)).toThrow(
    "row map: expected no bit beyond row 11, got one",
  );
  expect(rowMapFrom(Uint8Array.of(0, 8), 12).ids).toEqual(Int32Array.of(11));
  expect(() => rowMapFrom(new Uint8Array(2), 12)).toThrow("row map: expected at least one row, got none");
  expect(() => rowMapOf(5, [5])).toThrow("row map: expected tokens from 0 to 4, got 5");
});

test("held rows go back to where they were taken from, in a copy", () => {
  const [map, none] = [rowMapOf(4, [3, 1]), rowMapOf(3, [0])];
  const layout = tensorLayout([
    { name: "words", shape: [4, 2] },
    { name: "head", shape: [4, 1] },
  ]);
  const whole = namedTensors(
    layout,
    Float32Array.from({ length: 12 }, (_, i) => i),
  );
  const held = takeRows(whole, map);
  expect([...held.data]).toEqual([2, 3, 6, 7, 9, 11]);
  const moved = { ...held, data: held.data.map((value) => value + 100) };
  const put = putRows(whole, moved, map);
  expect([...put.data]).toEqual([0, 1, 102, 103, 4, 5, 106, 107, 8, 109, 10, 111]);
  expect(whole.data[2]).toBe(2);
  expect(() => putRows(whole, held, none)).toThrow("row map of words: expected 4 rows, got 3");
  expect(() => putRows(whole, whole, map)).toThrow(
    "held rows, tensor 0: expected words [2, 2], got words [4, 2]",
  );
});
