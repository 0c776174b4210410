// Work on one delta, or part of a mean, or piece of numbers, after another; between them others have their turn.

import { type Breath, breath, type Clock } from "@homebody/clock";

export async function oneByOne<T>(
  all: Iterable<T>,
  clock: Clock,
  work: (one: T) => Promise<void>,
): Promise<void> {
  const pause: Breath = breath(clock);
  for (const one of all) {
    await work(one);
    if (pause.isDue()) await pause.take();
  }
}
