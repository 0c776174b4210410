// The clock of browsers and of Node.

import type { Millis } from "@homebody/base";
import type { Cancel, Clock } from "./ports.ts";

/** A timer of theirs that is set for longer goes off at once. */
const longestTimerMs = 2 ** 31 - 1;

export const systemClock: Clock = {
  now: () => Date.now() as Millis,
  elapsed: () => performance.now(),
  sleep: (ms, signal) =>
    new Promise((resolve) => {
      if (signal?.aborted) return resolve();
      const end = () => {
        cancel();
        signal?.removeEventListener("abort", end);
        resolve();
      };
      const cancel = after(ms, end);
      signal?.addEventListener("abort", end);
    }),
  after,
  every: (ms, work) => {
    const timer = setInterval(work, ms);
    return () => clearInterval(timer);
  },
};

function after(ms: number, work: () => void): Cancel {
  let timer: ReturnType<typeof setTimeout>;
  const wait = (leftMs: number) => {
    timer = setTimeout(
      () => (leftMs > longestTimerMs ? wait(leftMs - longestTimerMs) : work()),
      Math.min(leftMs, longestTimerMs),
    );
  };
  wait(Math.max(0, ms));
  return () => clearTimeout(timer);
}
