// [V17] [V74] How long a device rests after a step.

import type { Clock } from "@homebody/clock";
import { expect, test } from "vitest";
import { rest } from "./work.ts";

async function rested(duty: number, isLineBusy: boolean): Promise<number> {
  let slept = 0;
  const sleep: Clock["sleep"] = async (ms) => {
    slept += ms;
  };
  const { signal } = new AbortController();
  await rest({ sleep }, 1000, { duty: () => duty, isLineBusy: () => isLineBusy, signal });
  return slept;
}

test("by its duty, and for the line at least a fiftieth while something is under way there", async () => {
  expect(await rested(1, false)).toBe(0);
  expect(await rested(1, true)).toBe(20);
  for (const isLineBusy of [false, true]) {
    expect(await rested(0.6, isLineBusy)).toBeCloseTo(667, 0);
    expect(await rested(0.25, isLineBusy)).toBe(3000);
  }
});
