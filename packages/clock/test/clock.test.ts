import { afterEach, vi } from "vitest";
import { systemClock } from "../src/index.ts";
import { memoryClock } from "../src/memory.ts";
import { clockContract } from "./contract.ts";

afterEach(() => void vi.useRealTimers());

clockContract("a clock in virtual time", () => {
  const clock = memoryClock();
  return { clock, pass: (ms) => clock.advance(ms) };
});

// Its timers are the test's, so that nothing waits; the clock is the real one.
clockContract("the system's clock", () => {
  vi.useFakeTimers();
  return { clock: systemClock, pass: async (ms) => void (await vi.advanceTimersByTimeAsync(ms)) };
});
