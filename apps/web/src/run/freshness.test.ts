import type { SourceId } from "@homebody/base";
import { expect, test } from "vitest";
import { freshnessOf, hereNow } from "./freshness.ts";

const live = { line: "live", heardAt: 100_000, reportsEveryMs: 1000 } as const;

test("what is shown is as of the last word once the line is lost, or silent for five seconds", () => {
  expect(freshnessOf(live, 104_000)).toEqual({ kind: "live" });
  expect(freshnessOf(live, 106_000)).toEqual({ kind: "lost", asOf: 100_000 });
  expect(freshnessOf({ ...live, line: "lost" }, 101_000)).toEqual({ kind: "lost", asOf: 100_000 });
  expect(freshnessOf({ ...live, line: "lost", heardAt: null }, 101_000)).toEqual({
    kind: "lost",
    asOf: null,
  });
  expect(freshnessOf({ ...live, line: "connecting", heardAt: null }, 101_000)).toEqual({ kind: "live" });
});

test("where many watch reports are rare, and that is no silence", () => {
  const rare = { ...live, reportsEveryMs: 12_000 };
  expect(freshnessOf(rare, 130_000)).toEqual({ kind: "live" });
  expect(freshnessOf(rare, 137_000).kind).toBe("lost");
  const first = { ...live, reportsEveryMs: null };
  expect(freshnessOf(first, 125_000)).toEqual({ kind: "live" });
  expect(freshnessOf(first, 131_000).kind).toBe("lost");
});

test("all who are connected are counted, those too that are in no report", () => {
  const one = { connected: true } as never;
  const gone = { connected: false } as never;
  const report = { at: 0 as never, volunteers: [one, one, gone], refusals: {} };
  expect(hereNow(null)).toBe(0);
  expect(hereNow(report)).toBe(2);
  expect(
    hereNow({ ...report, counts: { all: 900, connected: { es: 250, ja: 30 } as Record<SourceId, number> } }),
  ).toBe(280);
});
