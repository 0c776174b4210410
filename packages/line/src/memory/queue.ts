// Messages on their way in one direction: they arrive in the order in which they were sent, whatever time each takes.

import type { Clock } from "@homebody/clock";

export interface Queue {
  /** `arrive` is called when the message is there, unless it is lost before. */
  send(ms: number, arrive: () => void): void;
  /** On their way. */
  readonly size: number;
  /** Whatever is on its way never arrives. */
  lose(): void;
  /** Nothing arrives until `release`. */
  hold(): void;
  release(): void;
}

export function queue(clock: Clock): Queue {
  /** Nothing arrives before what was sent earlier. */
  let free = 0;
  let size = 0;
  let lost = false;
  /** What would have arrived; undefined where nothing is held. */
  let held: (() => void)[] | undefined;
  return {
    send(ms, arrive) {
      const now = clock.elapsed();
      free = Math.max(free, now + ms);
      size += 1;
      const there = () => {
        if (held !== undefined) return void held.push(there);
        size -= 1;
        if (!lost) arrive();
      };
      if (free <= now) queueMicrotask(there);
      else clock.after(free - now, there);
    },
    get size() {
      return size;
    },
    lose() {
      lost = true;
    },
    hold() {
      held ??= [];
    },
    release() {
      const waiting = held ?? [];
      held = undefined;
      for (const there of waiting) there();
    },
  };
}
