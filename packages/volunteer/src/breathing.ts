// Long work in steps of some milliseconds, so that whoever runs it can report, breathe and give up.

import { breath } from "@homebody/clock";
import type { Clock } from "./ports.ts";

/** Runs a generator to its end, giving way every 16 ms. Throws an AbortError when the signal aborts. */
export async function breathing<P, T>(
  work: Generator<P, T>,
  report: (progress: P) => void,
  { clock, signal }: { readonly clock: Clock; readonly signal: AbortSignal },
): Promise<T> {
  const own = breath(clock);
  for (;;) {
    const step = work.next();
    if (step.done) return step.value;
    if (!own.isDue()) continue;
    report(step.value);
    await own.take(signal);
    signal.throwIfAborted();
  }
}
