// Long work in steps of some milliseconds, so that whoever runs it can report, breathe and give up.

import type { Clock } from "./ports.ts";

const breathMs = 16;

/** Runs a generator to its end, giving way every 16 ms. Throws an AbortError when the signal aborts. */
export async function breathing<P, T>(
  work: Generator<P, T>,
  report: (progress: P) => void,
  { clock, signal }: { readonly clock: Clock; readonly signal: AbortSignal },
): Promise<T> {
  let breathedAt = clock.elapsed();
  for (;;) {
    const step = work.next();
    if (step.done) return step.value;
    if (clock.elapsed() - breathedAt < breathMs) continue;
    report(step.value);
    await clock.sleep(0, signal);
    signal.throwIfAborted();
    breathedAt = clock.elapsed();
  }
}
