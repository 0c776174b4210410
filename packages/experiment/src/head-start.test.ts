import { expect, test } from "vitest";
import { type Curve, headStart, reachedAfter } from "./head-start.ts";

const curve = (...values: number[]): Curve => values.map((bitsPerByte, i) => ({ step: 10 * i, bitsPerByte }));

test("ahead: where it was as low as the other one ended, on the line between two points", () => {
  expect(headStart(curve(8, 4, 3, 2), curve(8, 6, 4.5, 3.5))).toEqual({
    steps: 30,
    last: 2,
    otherLast: 3.5,
    reachedAfter: 15,
  });
});

test("behind: it never was", () => {
  expect(headStart(curve(8, 5, 4), curve(8, 4, 3))).toEqual({
    steps: 20,
    last: 4,
    otherLast: 3,
    reachedAfter: null,
  });
});

test("a step that is reached in part counts as a whole one, and the first point as it is", () => {
  expect(reachedAfter(curve(8, 5), 7.9)).toBe(1);
  expect(reachedAfter(curve(8, 5), 8)).toBe(0);
  expect(reachedAfter(curve(8, 5, 5, 4), 5)).toBe(10);
  expect(reachedAfter([], 1)).toBeNull();
});

test("curves that end apart are nobody's to compare", () => {
  expect(() => headStart(curve(8, 4), curve(8))).toThrow("expected curves that end at one step, got 10, 0");
});
