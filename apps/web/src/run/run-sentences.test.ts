import type { Figures, ScoreFigure } from "@homebody/coordinator";
import { expect, test } from "vitest";
import { overall } from "./run-sentences.ts";

const hour = 3_600_000;
const now = 100 * hour;
/** Scores by hours ago. */
const scores = (lists: Readonly<Record<string, readonly (readonly [hoursAgo: number, bits: number])[]>>) => {
  const point = ([hoursAgo, bitsPerByte]: readonly [number, number], body: number) =>
    ({ body, bitsPerByte, at: now - hoursAgo * hour }) as ScoreFigure;
  const of = Object.entries(lists).map(([id, list]) => [id, list.map(point)]);
  return { scores: Object.fromEntries(of) } as unknown as Figures;
};

test("[C39] the headline compares the same sources: one that came within the hour neither lifts nor lowers it", () => {
  const known = { es: [[3, 4] as const, [0, 3] as const], ja: [[2, 5] as const, [0.1, 5] as const], fr: [] };
  const before = overall(scores(known), now);
  expect(before).toEqual({ bitsPerByte: 4, change: -0.5, sources: 2, scored: 2 });
  const joined = overall(scores({ ...known, fr: [[0.5, 0.01]] }), now);
  expect(joined).toEqual({ ...before, scored: 3 });
});

test("the headline of a young run is over all that were scored, since the first score of each; without one there is none", () => {
  const young = scores({
    es: [
      [0.5, 4],
      [0, 3],
    ],
    ja: [[0.2, 5]],
  });
  expect(overall(young, now)).toEqual({ bitsPerByte: 4, change: -0.5, sources: 2, scored: 2 });
  expect(overall(scores({ es: [] }), now)).toBeNull();
});
