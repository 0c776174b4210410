// Whether time passed that nobody here has lived through: the process was stopped, the machine slept, the clock was set.
//
// Whoever lives is heard of every so often. What the clock says beyond that, either way, was not lived through.

import type { Clock } from "./ports.ts";

export interface Pulse {
  /**
   * Milliseconds by which the clock has moved unseen since this was asked last; below 0 where it was set back; 0 where it has
   * not. To be asked at least every `everyMs`.
   */
  missed(): number;
}

/** A machine that is busy is late by less. */
const toleranceMs = 5000;

export function pulse(clock: Pick<Clock, "now" | "elapsed">, everyMs: number): Pulse {
  let [wall, elapsed]: [number, number] = [clock.now(), clock.elapsed()];
  return {
    missed() {
      const [wallBefore, elapsedBefore] = [wall, elapsed];
      [wall, elapsed] = [clock.now(), clock.elapsed()];
      // A process that is stopped sees both grow; where the machine sleeps or the clock is set, only the clock moves.
      const lived = Math.min(elapsed - elapsedBefore, everyMs);
      const missed = wall - wallBefore - lived;
      return Math.abs(missed) > toleranceMs ? missed : 0;
    },
  };
}
