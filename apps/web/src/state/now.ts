// The clock of the screen: one timer for every countdown, and none while nothing counts.

import type { Millis } from "@homebody/base";
import { useSyncExternalStore } from "react";

const everyMs = 1000;
const listeners = new Set<() => void>();
let timer: ReturnType<typeof setInterval> | undefined;
let now = Date.now();

function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  if (timer === undefined) {
    now = Date.now();
    timer = setInterval(() => {
      now = Date.now();
      for (const each of [...listeners]) each();
    }, everyMs);
  }
  return () => {
    listeners.delete(listener);
    if (listeners.size > 0) return;
    clearInterval(timer);
    timer = undefined;
  };
}

/** This device's time, new each second. */
export function useNow(): Millis {
  return useSyncExternalStore(subscribe, () => now) as Millis;
}
