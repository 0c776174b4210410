// A line of 10 Mbit/s up and 50 down, with 60 ms there and back. What is sent waits for what was sent before it.

import type { MemoryClock } from "@homebody/clock/memory";

const delayMs = 30;
const bytesPerMs = { up: 10e6 / 8 / 1000, down: 50e6 / 8 / 1000 };

export function shapedLine(clock: Pick<MemoryClock, "elapsed">) {
  const freeAt = { up: 0, down: 0 };
  return (direction: "up" | "down", bytes: number): number => {
    const now = clock.elapsed();
    freeAt[direction] = Math.max(freeAt[direction], now) + bytes / bytesPerMs[direction];
    return freeAt[direction] - now + delayMs;
  };
}
