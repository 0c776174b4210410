import type { Millis } from "@homebody/base";
import type { Figures, ScoreFigure } from "@homebody/coordinator";
import { expect, test } from "vitest";
import { endSentence, overall, resultSentence } from "./run-sentences.ts";

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

test("[C53] a finished run says who ended it, when, after how much, and what came of it", () => {
  const at = new Date(2026, 10, 28, 17, 9).getTime() as Millis;
  const end = (reason: "rounds" | "admin") => ({ at, reason });
  const of = (published: number) => ({ published, rounds: 200 });
  expect(endSentence({ ...of(200), end: end("rounds") })).toBe(
    "The run ended on 28 November 2026 at 17:09, after 200 of 200 rounds.",
  );
  expect(endSentence({ ...of(0), end: end("admin") })).toBe(
    "The host ended the run on 28 November 2026 at 17:09, after 0 of 200 rounds.",
  );
  expect(endSentence({ ...of(3), end: null })).toBe("The run is finished, after 3 of 200 rounds.");
  const measured = scores({
    es: [[3, 4] as const, [0, 3] as const],
    ja: [[2, 5] as const, [0, 4] as const],
    fr: [],
  });
  const sources = ["es", "ja", "fr"].map((id) => ({ id }));
  const result = (published: number) =>
    resultSentence({ ...measured, sources, published } as unknown as Figures);
  expect(result(1)).toContain(
    "Its last body needs 3.50 bits per byte of text (mean of 2 sources), its first one needed 4.50",
  );
  expect(result(2)).toContain("The last body that was measured needs 3.50");
  expect(resultSentence({ ...scores({ es: [] }), sources } as unknown as Figures)).toBe(
    "Nobody measured what it learnt.",
  );
});
