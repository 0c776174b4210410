// How fast this device trains: how long its last steps took, and how many fit in the time that is left [V61] [V62].

import type { Millis } from "@homebody/base";

/** What the last steps took, in ms at work, the latest last. Kept with the record, so that a reload knows it. */
export type Pace = readonly number[];

/** As many as a round has in which something else slows a device down for a moment. */
const remembered = 25;

export function withStep(pace: Pace, ms: number): Pace {
  return [...pace, Math.round(1000 * ms) / 1000].slice(-remembered);
}

/** The median, in ms, with its rest where a device is at work for this share of the time; null before the first step. */
export function usualStepMs(pace: Pace, duty: number): number | null {
  if (pace.length === 0) return null;
  const inOrder = [...pace].sort((a, b) => a - b);
  return inOrder[(inOrder.length - 1) >> 1]! / duty;
}

/** Steps of this length that end by then; of an unknown length, as long as there is time at all. */
export function stepsUntil(end: Millis, now: Millis, stepMs: number | null): number {
  if (end <= now) return 0;
  return stepMs === null ? Number.POSITIVE_INFINITY : Math.floor((end - now) / Math.max(stepMs, 1e-3));
}
