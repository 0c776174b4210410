import type { Millis } from "@homebody/base";
import { memoryClock } from "@homebody/clock/memory";
import { expect, test } from "vitest";
import { followHours, hoursFrom, isWithin, timeWords } from "./hours.ts";

const hourMs = 3_600_000;
const at = (hour: number, minute = 0) => hour * hourMs + minute * 60_000;

test("[V25] hours are two times of the day, over midnight too", () => {
  expect(hoursFrom("22-7")).toEqual({ from: 1320, to: 420 });
  expect(hoursFrom("22:30-7:05")).toEqual({ from: 1350, to: 425 });
  expect(hoursFrom("0-24")).toEqual({ from: 0, to: 1440 });
  for (const wrong of ["", "22", "7-7", "24-7", "22-25", "22:60-7", "22-24:01", "22 - 7", "-7", "ten-six"])
    expect(hoursFrom(wrong), wrong).toBeUndefined();
});

test("[V25] the first minute is within, the last is not", () => {
  const within = (text: string, time: number) => isWithin(hoursFrom(text)!, time);
  expect([at(21, 59), at(22), at(23), at(0), at(6, 59), at(7)].map((time) => within("22-7", time))).toEqual([
    false,
    true,
    true,
    true,
    true,
    false,
  ]);
  expect([at(8, 59), at(9), at(16, 59), at(17)].map((time) => within("9-17", time))).toEqual([
    false,
    true,
    true,
    false,
  ]);
  expect([at(0), at(23, 59)].map((time) => within("0-24", time))).toEqual([true, true]);
  expect([timeWords(1350), timeWords(425), timeWords(0)]).toEqual(["22:30", "07:05", "00:00"]);
});

/** A day that begins at 20:00 by the wall clock, which may be set. */
function evening() {
  const clock = memoryClock();
  const start = clock.now();
  const wall = { aheadMs: at(20) };
  const said: [number, boolean][] = [];
  const timeOfDay = (now: Millis) => (now - start + wall.aheadMs) % (24 * hourMs);
  const stop = followHours({ hours: hoursFrom("22-7")!, timeOfDay }, clock, (within) =>
    said.push([clock.elapsed() / hourMs, within]),
  );
  return { clock, wall, said, stop };
}

test("[V25] each change is said on the minute, day after day, until nobody follows any more", async () => {
  const { clock, said, stop } = evening();
  await clock.advance(36 * hourMs);
  expect(said).toEqual([
    [0, false],
    [2, true],
    [11, false],
    [26, true],
    [35, false],
  ]);
  stop();
  await clock.advance(48 * hourMs);
  expect(said).toHaveLength(5);
});

test("[V25] where the wall clock changes for the summer, or is set, its time counts", async () => {
  const { clock, wall, said } = evening();
  await clock.advance(5 * hourMs);
  wall.aheadMs += hourMs; // in the night, an hour forwards
  await clock.advance(10 * hourMs);
  expect(said).toEqual([
    [0, false],
    [2, true],
    [10, false],
  ]);
  wall.aheadMs += 11 * hourMs; // by hand, into the evening
  await clock.advance(60_000);
  expect(said.at(-1)![1]).toBe(true);
});
