import { memoryClock } from "@homebody/clock/memory";
import { expect, test } from "vitest";
import { listenForSilence } from "./silence.ts";

test("[V30] silence is told once after as long as is said, ends with the first thing that is heard, and may come again", async () => {
  const clock = memoryClock();
  const told: [number, boolean][] = [];
  const hearing = listenForSilence(clock, 4000, (isSilent) => told.push([clock.elapsed(), isSilent]));
  await clock.advance(3000);
  hearing.heard();
  await clock.advance(3500);
  expect(told).toEqual([]);
  await clock.advance(2500);
  hearing.heard();
  await clock.advance(10_000);
  hearing.stop();
  await clock.advance(10_000);
  expect(told).toEqual([
    [7000, true],
    [9000, false],
    [13_000, true],
  ]);
});
