import { expect, test } from "vitest";
import { passedIn, quantile } from "./figures.ts";

test("a rate is that of all deltas over the time from the first byte to the last acknowledgement, round by round", () => {
  const first = [
    { beganAtMs: 1000, endedAtMs: 1400, commitMs: [10, 20] },
    { beganAtMs: 1100, endedAtMs: 1500, commitMs: [30, 40] },
  ];
  const second = [{ beganAtMs: 9000, endedAtMs: 9500, commitMs: [50, 60] }];
  expect(passedIn([first, second])).toEqual({ perSecond: 6, commitP50Ms: 30, commitP99Ms: 60 });
});

test("a quantile is one of the numbers", () => {
  const numbers = Array.from({ length: 200 }, (_, i) => 200 - i);
  expect([0, 0.5, 0.99, 1].map((share) => quantile(numbers, share))).toEqual([1, 100, 198, 200]);
  expect(quantile([], 0.5)).toBeNaN();
});
