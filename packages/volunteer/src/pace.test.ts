import type { Millis } from "@homebody/base";
import { expect, test } from "vitest";
import { type Pace, stepsUntil, usualStepMs, withStep } from "./pace.ts";

const paceOf = (...ms: readonly number[]) => ms.reduce<Pace>(withStep, []);
const at = (ms: number) => ms as Millis;

test("[V61] a device's speed is the median of its last steps, with the rest that it takes after each", () => {
  expect(usualStepMs([], 1)).toBeNull();
  expect(usualStepMs(paceOf(9000, 100, 110, 90, 5000), 1)).toBe(110);
  expect(usualStepMs(paceOf(100, 200), 0.25)).toBe(400);
  const warm = paceOf(...Array(30).fill(5000), ...Array(25).fill(100));
  expect(warm).toHaveLength(25);
  expect(usualStepMs(warm, 1)).toBe(100);
});

test("[V61] as many steps fit as end in time; before the first one it begins where there is time at all", () => {
  expect(stepsUntil(at(1000), at(0), 300)).toBe(3);
  expect(stepsUntil(at(900), at(0), 300)).toBe(3);
  expect(stepsUntil(at(899), at(0), 300)).toBe(2);
  expect(stepsUntil(at(1000), at(0), null)).toBe(Number.POSITIVE_INFINITY);
  for (const stepMs of [300, null]) expect(stepsUntil(at(1000), at(1000), stepMs)).toBe(0);
});
