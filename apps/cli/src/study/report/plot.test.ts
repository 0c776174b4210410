import { expect, test } from "vitest";
import { plotOf, standalone } from "./plot.ts";
import type { DotPlot, LinePlot } from "./report.ts";
import { bySeed, cellOf, column, deviation, gains, verdictOf } from "./statistics.ts";

const dots: DotPlot = {
  kind: "dots",
  axis: "bits",
  digits: 2,
  rows: [
    { label: "A & B", family: "dept", values: [1, 2, 3] },
    { label: "C", family: "baseline", values: [4] },
  ],
};

const numbers = (svg: string, pattern: RegExp) =>
  [...svg.matchAll(pattern)].map(([, value]) => Number(value));

test("a dot a seed and one for the mean, at places in proportion to their values", () => {
  const svg = plotOf(dots, 800, "a plot");
  const seeds = numbers(svg, /class="one" cx="([\d.]+)"/g);
  const means = numbers(svg, /class="mean" cx="([\d.]+)"/g);
  expect(seeds).toHaveLength(4);
  expect(means).toHaveLength(2);
  expect(means[0]).toBeCloseTo(seeds[1]!, 0);
  expect(seeds[2]! - seeds[1]!).toBeCloseTo(seeds[1]! - seeds[0]!, 0);
  expect(seeds[3]! - seeds[2]!).toBeCloseTo(seeds[1]! - seeds[0]!, 0);
  const [from] = numbers(svg, /class="spread" x1="([\d.]+)"/g); // one deviation, which is 1 here
  expect(from).toBeCloseTo(seeds[0]!, 0);
  expect(svg).toContain(">A &amp; B<");
  expect(svg).toContain(">2.00<");
});

test("a narrow plot is laid out anew: its text keeps its size, its height grows", () => {
  const height = (width: number) => Number(/height="(\d+)"/.exec(plotOf(dots, width, ""))![1]);
  expect(height(340)).toBeGreaterThan(height(800));
  for (const x of numbers(plotOf(dots, 340, ""), /cx="([\d.]+)"/g)) expect(x).toBeLessThan(340);
});

test("lines go through their points, lower values further down", () => {
  const points = [0, 10, 20].map((x) => ({ x, y: 4 - x / 10 }));
  const lines: LinePlot = {
    kind: "lines",
    xAxis: "x",
    yAxis: "y",
    series: [{ label: "one", colour: 3, points }],
  };
  const path = /class="curve c3" d="M([^"]+)"/.exec(plotOf(lines, 600, ""))![1]!;
  const at = path.split("L").map((pair) => pair.split(",").map(Number));
  expect(at).toHaveLength(3);
  expect(at[1]![0]! - at[0]![0]!).toBeCloseTo(at[2]![0]! - at[1]![0]!, 0);
  expect(at[1]![1]!).toBeGreaterThan(at[0]![1]!);
});

test("a file of its own brings its colours, and a key that stays within its width", () => {
  expect(standalone(dots, 600, "")).toMatch(/^<svg [^>]+><style>[^<]*--run-fill/);
  const points = [0, 1].map((x) => ({ x, y: x }));
  const series = ["one & all", "another", "a third", "the fourth of these", "a fifth"].map(
    (label, colour) => ({
      label,
      colour,
      points,
    }),
  );
  const [alone, page] = [standalone, plotOf].map((draw) =>
    draw({ kind: "lines", xAxis: "x", yAxis: "y", series }, 340, ""),
  );
  for (const { label } of series) expect(alone).toContain(`>${label.replace("&", "&amp;")}</text>`);
  const height = (svg: string) => Number(/height="(\d+)"/.exec(svg)![1]);
  expect(height(alone!)).toBeGreaterThan(height(page!) + 40);
  const strokes = numbers(alone!, /d="M([\d.]+),\d+h24"/g);
  expect(strokes).toHaveLength(5);
  expect(new Set(strokes).size).toBeLessThan(5); // some stand below each other
});

test("means and deviations over seeds; the best of a column is strong", () => {
  expect(deviation([1, 2, 3])).toBe(1);
  expect(deviation([1])).toBeNull();
  expect(cellOf([1, 2, 3], 1)).toEqual({ text: "2.0", detail: "± 1.0" });
  expect(column([[2], [1], []], 1).map(({ strong }) => strong)).toEqual([false, true, false]);
});

test("comparisons are seed by seed, and count only where every seed agrees", () => {
  const rows = [
    [1, "es", 2],
    [1, "ja", 4],
    [2, "es", 3],
  ].map(([seed, source, value]) => ({
    ...{ arm: "x", phase: "p", step: 0, measure: "m" },
    ...{ seed: seed as number, source: source as string, value: value as number },
  }));
  expect([...bySeed(rows, { arm: "x" }, ["es", "ja"])]).toEqual([[1, 3]]); // seed 2 lacks ja
  expect([...bySeed(rows, { arm: "x" }, ["es"])]).toEqual([
    [1, 2],
    [2, 3],
  ]);
  expect(
    gains(
      new Map([[1, 3]]),
      new Map([
        [1, 4],
        [2, 1],
      ]),
    ),
  ).toEqual([0.25]);
  expect(verdictOf([0.1, 0.2])).toBe("as in the paper");
  expect(verdictOf([-0.1, -0.2])).toBe("not as in the paper");
  expect(verdictOf([0.1, -0.2])).toBe("undecided");
  expect(verdictOf([0.5])).toBe("undecided");
});
