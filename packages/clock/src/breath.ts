// Long work gives way to others now and then: not at every step, which costs, and not for long.

import type { Clock } from "./ports.ts";

const breathMs = 16;

export interface Breath {
  /** It has worked for 16 ms since the last one. */
  isDue(): boolean;
  /** Others have their turn. */
  take(signal?: AbortSignal): Promise<void>;
}

export function breath(clock: Clock): Breath {
  let last = clock.elapsed();
  return {
    isDue: () => clock.elapsed() - last >= breathMs,
    async take(signal) {
      await clock.sleep(0, signal);
      last = clock.elapsed();
    },
  };
}
