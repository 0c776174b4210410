import { expect, test } from "vitest";
import { carriedLength } from "./clipping.ts";
import type { ClosingDelta } from "./deltas.ts";

const lengthOf = (round: number, carriesFrom: number | null, feedback: object | null) =>
  carriedLength({ fact: { round, carriesFrom }, exchange: { feedback } } as ClosingDelta);

test("[C62] with what it carries a delta may be longer by the rounds that are in it, each by what is left of it", () => {
  const half = { decay: 0.5, rounds: 9 };
  expect(lengthOf(9, null, half)).toBe(1);
  expect(lengthOf(9, 8, null)).toBe(1);
  expect(lengthOf(2, 1, half)).toBe(Math.sqrt(1 + 1 / 4));
  expect(lengthOf(3, 2, half)).toBe(Math.sqrt(1 + 1 / 4 + 1 / 16));
  expect(lengthOf(3, 1, half)).toBe(Math.sqrt(1 + 1 / 16)); // round 2 was missed
  expect(lengthOf(100_000, 99_999, half)).toBeCloseTo(Math.sqrt(1 / (1 - 1 / 4)), 9);
  expect(lengthOf(1000, 999, { decay: 0.95, rounds: 20 })).toBeCloseTo(3.2, 1);
});
