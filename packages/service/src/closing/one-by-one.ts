// Work on one delta after another; between them others have their turn.

import { type Breath, breath, type Clock } from "@homebody/clock";
import type { ClosingDelta } from "./deltas.ts";

export async function oneByOne(
  deltas: readonly ClosingDelta[],
  clock: Clock,
  work: (delta: ClosingDelta) => Promise<void>,
): Promise<void> {
  const pause: Breath = breath(clock);
  for (const delta of deltas) {
    await work(delta);
    if (pause.isDue()) await pause.take();
  }
}
