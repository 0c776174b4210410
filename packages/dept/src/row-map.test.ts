import fc from "fast-check";
import { expect, test } from "vitest";
import { bitsOf, rowMapFrom, rowMapOf } from "./index.ts";

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
