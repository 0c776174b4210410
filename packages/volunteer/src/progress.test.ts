import { memoryClock } from "@homebody/clock/memory";
import { expect, test } from "vitest";
import { createProgress } from "./progress.ts";

test("[P47] words of progress are as far apart as the coordinator asks, and what has changed by then is in the next", async () => {
  const clock = memoryClock();
  const said: (readonly [number, number])[] = [];
  let seconds = 1;
  const progress = createProgress({
    clock,
    apartMs: () => 1000 * seconds,
    tell: ({ step }) => said.push([clock.elapsed() / 1000, step]) > 0,
  });
  const job = { kind: "prepare" } as const;
  for (let step = 1; step <= 40; step++) {
    await clock.advance(500);
    if (step === 5) seconds = 4;
    progress.report({ kind: "train", done: step, of: 40, unit: "steps" }, job);
  }
  expect(said).toEqual([
    [1, 2],
    [2, 4],
    [6, 12],
    [10, 20],
    [14, 28],
    [18, 36],
  ]);
});
