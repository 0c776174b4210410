import fc from "fast-check";
import { expect, test } from "vitest";
import { niceTicks, paddedRange, smooth, spreadLabels, thinned, wholeTicks } from "./scale.ts";

test("ticks are round numbers within the range", () => {
  expect(niceTicks(1.13, 3.4, 5)).toEqual([1.5, 2, 2.5, 3]);
  expect(niceTicks(0, 1, 4)).toEqual([0, 0.5, 1]);
  expect(niceTicks(2, 2, 4)).toEqual([2]);
  expect(wholeTicks(0, 3, 8)).toEqual([0, 1, 2, 3]);
  expect(wholeTicks(0, 200, 5)).toEqual([0, 50, 100, 150, 200]);
});

test("ranges have air, and a logarithmic one never reaches zero", () => {
  expect(paddedRange(1, 3, false)).toEqual([0.88, 3.12]);
  expect(paddedRange(Infinity, -Infinity, false)).toEqual([0, 1]);
  fc.assert(
    fc.property(
      fc.double({ min: 1e-3, max: 1e3, noNaN: true }),
      fc.double({ min: 1, max: 50, noNaN: true }),
      (low, times) => {
        const [from, to] = paddedRange(low, low * times, true);
        expect(from).toBeGreaterThan(0);
        expect(from).toBeLessThan(low);
        expect(to).toBeGreaterThan(low * times);
      },
    ),
  );
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
