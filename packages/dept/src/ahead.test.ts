import { type NamedTensors, namedTensors } from "@homebody/base";
import { expect, test } from "vitest";
import { manifest } from "../test/manifests.ts";
import { shareOfStep, startAhead } from "./ahead.ts";
import { exchangeOf } from "./exchange.ts";

const [theta] = exchangeOf(manifest()).sections;
const { layout } = theta!;
const full = (value: number): NamedTensors => namedTensors(layout, new Float32Array(layout.size).fill(value));
const outer = { kind: "averaging" } as const;

test("[V55] with deltas that are what they were a round ago, a start is the next body", () => {
  const deltas = [0.25, -0.5, 1];
  const mean = (deltas[0]! + deltas[1]! + deltas[2]!) / 3;
  const known = { body: full(2 + mean), before: full(2), own: full(0.25), ownBefore: full(0.25) };
  const [start] = startAhead(known, 1 / 3).data;
  expect(start).toBeCloseTo(2 + 2 * mean, 6);
});

test("[V55] of the step before, its own part gives way to its fresh delta", () => {
  const known = { body: full(3), before: full(2), own: full(0.5), ownBefore: full(0.25) };
  expect(startAhead(known, 0.5).data[0]).toBe(3 + 1 + 0.5 * (0.5 - 0.25));
  // Alone, it is where it would go on by itself.
  expect(startAhead({ ...known, ownBefore: full(1) }, 1).data[0]).toBe(3 + 0.5);
});

test("[V55] what is not known is left out", () => {
  const known = { body: full(3), before: null, own: full(0.5), ownBefore: full(0.25) };
  expect(startAhead(known, 0.5).data[0]).toBe(3 + 0.25);
  expect(startAhead({ ...known, before: full(2), ownBefore: null }, 0.5).data[0]).toBe(3 + 1 + 0.25);
});

test("[V55] a delta's share of the step: of its source, of the sources, and of what the outer optimiser makes of it", () => {
  const round = { slots: 4, sources: 2 };
  expect(shareOfStep({ source: null, outer }, round)).toBe(1 / 8);
  expect(shareOfStep({ source: "es" as never, outer }, round)).toBe(1 / 4);
  const nesterov = { kind: "nesterov", lr: 0.5, momentum: 0.5 } as const;
  expect(shareOfStep({ source: null, outer: nesterov }, round)).toBe(0.75 / 8);
});
