import { expect, test } from "vitest";
import {
  type ChartPoints,
  columns,
  drawable,
  hasPoints,
  latestReadings,
  readingsAt,
  walked,
} from "./points.ts";

const line = (label: string, values: readonly (number | null)[]) => ({ label, colour: "--run", values });
const said = (readings: ReturnType<typeof readingsAt>) =>
  readings.map(({ line: { label }, values, at }) => [label, values, at]);

test("a line that has a figure shows its latest one, wherever that is", () => {
  const points = {
    x: [0, 1, 2],
    lines: [line("es", [4, 3, 2]), line("ja", [5, 4, null]), line("ru", [null, null, null])],
  };
  expect(said(latestReadings(points))).toEqual([
    ["es", [2], 2],
    ["ja", [4], 1],
  ]);
  expect(said(readingsAt(points, 2))).toEqual([
    ["es", [2], 2],
    ["ja", [], null],
    ["ru", [], null],
  ]);
});

test("dots that share an x are read together, and each x is walked to once", () => {
  const points: ChartPoints = {
    x: [1, 1, 1, 2, 2],
    lines: [line("es", [0.7, null, 0.8, null, null]), line("ja", [null, 0.6, null, 0.5, null])],
  };
  expect(said(readingsAt(points, 1))).toEqual([
    ["es", [0.7, 0.8], 1],
    ["ja", [0.6], 1],
  ]);
  expect(said(latestReadings(points))).toEqual([
    ["es", [0.7, 0.8], 1],
    ["ja", [0.5], 2],
  ]);
  expect(columns(points)).toEqual([1, 2]);
});

test("what is not finite is no point", () => {
  const points = drawable({ x: [1, 2, 3], lines: [line("a", [Number.NaN, Infinity, -Infinity])] });
  expect(points.lines[0]!.values).toEqual([null, null, null]);
  expect([hasPoints(points), columns(points)]).toEqual([false, []]);
  expect(hasPoints(drawable({ x: [1, 2], lines: [line("a", [Number.NaN, 0])] }))).toBe(true);
});

test("steps lead from one x to the next and stay inside", () => {
  expect(walked(null, 1, [3, 5, 9])).toBe(3);
  expect(walked(null, -1, [3, 5, 9])).toBe(9);
  expect(walked(5, 1, [3, 5, 9])).toBe(9);
  expect(walked(9, 1, [3, 5, 9])).toBe(9);
  expect(walked(9, -Infinity, [3, 5, 9])).toBe(3);
  expect(walked(4, 1, [3, 5, 9])).toBe(3); // it is there no more
  expect(walked(null, 1, [])).toBeNull();
});
