// What is held of a run follows from how many take part, and not from how long it is.

import { expect, test } from "vitest";
import { type Entry, firstEntries, type RunFold, readFigures, writeFigures } from "../src/index.ts";
import { longRun, pointsOf } from "./long-run.ts";

/** Numbers, words and the like, in whatever they lie. */
function held(value: unknown): number {
  if (typeof value !== "object" || value === null) return 1;
  const inside = value instanceof Map || value instanceof Set ? [...value] : Object.values(value);
  return inside.reduce((sum: number, one) => sum + held(one), 0);
}

const curves = ({ figures }: RunFold) => held(figures.now().scores) + held(figures.now().bodies);
const allButCurves = (run: RunFold) =>
  held(run.state) + held(run.blobs.uses()) + held(run.figures.now()) - curves(run);

test("10,000 rounds of 20 volunteers leave as much as 100 rounds, but for a few points of each curve", () => {
  const { fold, play } = longRun(20);
  play(100);
  const first = { rest: allButCurves(fold), points: pointsOf(fold.figures.now()) };
  play(4900);
  const half = curves(fold);
  let latest: readonly Entry[] = [];
  play(5000, (entries) => {
    latest = [...latest, ...entries].slice(-firstEntries);
  });
  expect(fold.state.body.number).toBe(10_000);
  expect(allButCurves(fold)).toBe(first.rest);
  expect(pointsOf(fold.figures.now())).toBeLessThan(4 * first.points);
  // Twice the rounds: 16 points more a curve, and as many bodies, within what is thinned now and then.
  expect(curves(fold) / half).toBeLessThan(1.3);
  expect(fold.figures.now().bodies.length).toBeLessThan(200);
  // [P24] What a watcher begins with, to the byte.
  const figures = JSON.stringify(writeFigures(fold.figures.now()));
  expect(readFigures(JSON.parse(figures))).toEqual(fold.figures.now());
  const sizes = [figures, JSON.stringify(latest), JSON.stringify(fold.state.manifest)].map(
    (text) => text.length,
  );
  expect(sizes.reduce((sum, size) => sum + size)).toBeLessThan(500_000);
  expect(sizes[0]).toBeGreaterThan(100_000); // there is something in it
});
