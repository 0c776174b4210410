// A line of 10 Mbit/s up and 50 down, with 60 ms there and back. What is sent waits for what was sent before it.

import type { MemoryClock } from "@homebody/clock/memory";

/** Each way. */
export const delayMs = 30;
export const megabits = { up: 10, down: 50 } as const;
const bytesPerMs = { up: 1000 * (megabits.up / 8), down: 1000 * (megabits.down / 8) };

export function shapedLine(clock: Pick<MemoryClock, "elapsed">) {
  const freeAt = { up: 0, down: 0 };
  return (direction: "up" | "down", bytes: number): number => {
    const now = clock.elapsed();
    freeAt[direction] = Math.max(freeAt[direction], now) + bytes / bytesPerMs[direction];
    return freeAt[direction] - now + delayMs;
  };
}
