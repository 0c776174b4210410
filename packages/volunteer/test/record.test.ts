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

test("[V7] steps that are trained again replace what was measured of them", () => {
  const point = (step: number, bitsPerByte: number): LossPoint => ({ step, bitsPerByte });
  const losses = [1, 2, 3, 4].map((step) => point(step, 2));
  expect(withLoss(losses, point(3, 1))).toEqual([point(1, 2), point(2, 2), point(3, 1)]);
  expect(withLoss(losses, point(1, 1))).toEqual([point(1, 1)]);
});
