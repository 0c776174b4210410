import { expect, test } from "vitest";
import { decodeRecord, emptyRecord, encodeRecord, withLoss } from "../src/record.ts";
import type { LossPoint } from "../src/view.ts";

test("a record comes back as it was; one of an older version gets what it lacks", () => {
  const record = { ...emptyRecord, contributing: true, roundsContributed: 7 };
  expect(decodeRecord(encodeRecord(record))).toEqual(record);
  expect(decodeRecord(undefined)).toEqual(emptyRecord);
  expect(decodeRecord(new TextEncoder().encode('{"roundsContributed":2}'))).toEqual({
    ...emptyRecord,
    roundsContributed: 2,
  });
});

test("the curve is thinned where it is old, and keeps its end, its order and its first point", () => {
  let losses: readonly LossPoint[] = [];
  for (let step = 1; step <= 10_000; step++) {
    losses = withLoss(losses, { step, bitsPerByte: 1 / step });
    expect(losses.length).toBeLessThanOrEqual(2001);
  }
  const steps = losses.map(({ step }) => step);
  expect(steps).toEqual([...steps].sort((a, b) => a - b));
  expect([steps[0], ...steps.slice(-100)]).toEqual([1, ...Array.from({ length: 100 }, (_, i) => 9901 + i)]);
});
