// Whoever finds a closing round averages it: at the moment it closes, or after a restart [C3]. One at a time, and
// again after a while if it could not be done (failed-round.ts).

import type { Cancel, Clock } from "@homebody/clock";
import { type Aggregation, aggregationOf, type RunState } from "@homebody/coordinator";
import type { Actor } from "../run/actor.ts";
import type { Averaging } from "./averaging.ts";

export interface ClosingInputs {
  readonly average: Averaging;
  readonly clock: Clock;
  readonly actor: () => Actor;
  /** Bytes of bodies served since the last publication. */
  readonly servedBytes: () => number;
  readonly published: (seconds: number) => void;
  /** Sees to what was wrong; resolves with the milliseconds after which it is averaged again. */
  readonly failed: (work: Aggregation, error: unknown) => Promise<number>;
}

const retryMs = 2000;

export function closer(inputs: ClosingInputs) {
  const { average, clock } = inputs;
  let busy: Promise<void> | undefined;
  let closed = false;
  let cancelTimer: Cancel = () => {};

  async function close(state: RunState): Promise<void> {
    const work = aggregationOf(state)!;
    const began = clock.elapsed();
    let again = 0;
    try {
      const published = await average(work, state.manifest);
      if (closed) return;
      await inputs.actor().do({ ...published, servedBytes: inputs.servedBytes() });
      inputs.published((clock.elapsed() - began) / 1000);
    } catch (error) {
      if (closed) return;
      again = await inputs.failed(work, error).catch(() => retryMs);
    } finally {
      busy = undefined;
      // Also after success: the next round may have closed before this one was told to be done.
      if (!closed) cancelTimer = clock.after(again, () => look(inputs.actor().state()));
    }
  }

  function look(state: RunState): void {
    if (busy === undefined && !closed && aggregationOf(state)) busy = close(state);
  }

  return {
    /** Starts the work if there is any. */
    look,
    async stop(): Promise<void> {
      closed = true;
      cancelTimer();
      await busy;
    },
  };
}
