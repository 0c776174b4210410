import fc from "fast-check";
import { expect, test } from "vitest";
import {
  alongRange,
  labelRoom,
  logTicks,
  niceTicks,
  paddedRange,
  smooth,
  spreadLabels,
  thinned,
  tickLabel,
  wholeTicks,
} from "./scale.ts";

test("ticks are round numbers within the range", () => {
  expect(niceTicks(1.13, 3.4, 5)).toEqual([1.5, 2, 2.5, 3]);
  expect(niceTicks(0, 1, 4)).toEqual([0, 0.5, 1]);
  expect(niceTicks(2, 2, 4)).toEqual([2]);
  expect(wholeTicks(0, 3, 8)).toEqual([0, 1, 2, 3]);
  expect(wholeTicks(0, 200, 5)).toEqual([0, 50, 100, 150, 200]);
});

test("ticks of a logarithmic axis stand along all of it, few or many powers of ten", () => {
  expect(logTicks(1.13, 3.4, 5)).toEqual([1.5, 2, 2.5, 3]);
  expect(logTicks(0.9, 110, 6)).toEqual([1, 2, 5, 10, 20, 50, 100]);
  expect(logTicks(0.5, 2e6, 4)).toEqual([1, 100, 10000, 1e6]);
  fc.assert(
    fc.property(
      fc.double({ min: 1e-4, max: 1e4, noNaN: true }),
      fc.double({ min: 10.5, max: 1e6, noNaN: true }),
      (low, times) => {
        const ticks = logTicks(low, low * times, 5);
        expect(ticks.length).toBeGreaterThanOrEqual(1);
        expect(ticks.length).toBeLessThanOrEqual(10);
      },
    ),
  );
});

test("a tick's label is as short as its number is round", () => {
  expect([0, 0.5, 4.6, 1500, 120000, 2e6, 5e-7, -0.25].map(tickLabel)).toEqual([
    "0",
    "0.5",
    "4.6",
    "1,500",
    "120,000",
    "2e6",
    "5e-7",
    "-0.25",
  ]);
});

test("one x alone stands in the middle, at 0 too, and points at the ends have air", () => {
  expect(alongRange([0], 0)).toEqual([-0.5, 0.5]);
  expect(alongRange([12, 12, 12], 0.5)).toEqual([11.5, 12.5]);
  expect(alongRange([0, 200], 0)).toEqual([-3, 203]);
  expect(alongRange([1, 2], 0.5)).toEqual([0.5, 2.5]);
  expect(alongRange([], 0)).toEqual([-0.5, 0.5]);
  for (const x of [[0], [1], [0, 1], [3, 3]]) {
    const [low, high] = alongRange(x, 0);
    expect(wholeTicks(low, high, 8)).toEqual([...new Set(x)]);
  }
});

test("ranges have air, and a logarithmic one never reaches zero", () => {
  expect(paddedRange(1, 3, {})).toEqual([0.88, 3.12]);
  expect(paddedRange(null, null, {})).toEqual([0, 1]);
  expect(paddedRange(null, null, { logarithmic: true })).toEqual([1, 10]);
  fc.assert(
    fc.property(
      fc.double({ min: 1e-3, max: 1e3, noNaN: true }),
      fc.double({ min: 1, max: 50, noNaN: true }),
      (low, times) => {
        const [from, to] = paddedRange(low, low * times, { logarithmic: true });
        expect(from).toBeGreaterThan(0);
        expect(from).toBeLessThan(low);
        expect(to).toBeGreaterThan(low * times);
      },
    ),
  );
});

test("a constant has a range around it; what a value can be bounds it, and what it means is in it", () => {
  expect(paddedRange(0, 0, {})).toEqual([0, 1]);
  const [low, high] = paddedRange(4, 4, {});
  expect([low < 4, high > 4]).toEqual([true, true]);
  const cosine = { shows: [0, 1], bounds: [-1, 1] } as const;
  expect(paddedRange(0.99, 1, cosine)).toEqual([0, 1]);
  expect(paddedRange(-0.98, 0.4, cosine)[0]).toBe(-1);
  expect(paddedRange(2, 3, { shows: [0] })[0]).toBe(0);
});

test("names have room at the ends of lines, unless they do not fit on a narrow chart", () => {
  expect(labelRoom(60, 340)).toBe(76);
  expect(labelRoom(140, 340)).toBe(0);
  expect(labelRoom(140, 800)).toBe(156);
  expect(labelRoom(900, 800)).toBe(240);
});

test("labels keep their order, do not overlap, and stay inside", () => {
  expect(spreadLabels([50, 51, 10], 10, 100)).toEqual([50, 60, 10]);
  fc.assert(
    fc.property(
      fc.array(fc.double({ min: 0, max: 200, noNaN: true }), { minLength: 1, maxLength: 14 }),
      (wanted) => {
        const placed = spreadLabels(wanted, 14, 200);
        const sorted = placed
          .map((y, i) => [wanted[i]!, y] as const)
          .sort((a, b) => a[0] - b[0] || a[1] - b[1]);
        for (let i = 1; i < sorted.length; i++)
          expect(sorted[i]![1] - sorted[i - 1]![1]).toBeGreaterThanOrEqual(14 - 1e-9);
        expect(Math.min(...placed)).toBeGreaterThanOrEqual(7 - 1e-9);
        expect(Math.max(...placed)).toBeLessThanOrEqual(193 + 1e-9);
      },
    ),
  );
});

test("smoothing begins at the first value and follows", () => {
  expect(smooth([4], 0.9)).toEqual([4]);
  const curve = smooth([4, 2, 2, 2, 2], 0.5);
  expect(curve[0]).toBe(4);
  expect(curve.at(-1)).toBeCloseTo(2, 0);
  expect(curve).toEqual([...curve].sort((a, b) => b - a));
});

test("a long list is thinned evenly and keeps its end", () => {
  expect(thinned(3, 10)).toEqual([0, 1, 2]);
  const picked = thinned(100_000, 500);
  expect(picked).toHaveLength(500);
  expect(picked.at(-1)).toBe(99_999);
  expect(new Set(picked).size).toBe(500);
});
