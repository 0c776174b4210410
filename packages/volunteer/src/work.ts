// What a job that computes may say while it runs, and what it has to ask.

import type { Millis } from "@homebody/base";
import type { Pace } from "./pace.ts";
import type { Clock } from "./ports.ts";
import type { Task } from "./view.ts";

export interface Work {
  readonly report: (task: Omit<Task, "startedAt">) => void;
  readonly stepped: (step: LocalStep) => void;
  /** A snapshot is about to be stored: what is shown of its steps is kept with it. */
  readonly keeping: () => Promise<void>;
  readonly signal: AbortSignal;
  /** The share of time at work [V17]. */
  readonly duty: () => number;
  /** Whether something is under way on the line, which has to have its turns. */
  readonly isLineBusy: () => boolean;
  readonly deadline: () => Millis | null;
  /** When the time box of the round that is trained is over; null where it has none, or is not open yet. */
  readonly boxEnds: () => Millis | null;
  /** What the last steps of this device took. */
  readonly pace: () => Pace;
}

/** A local step that was made. */
export interface LocalStep {
  /** Counted from 1. */
  readonly step: number;
  readonly loss: number;
  readonly tokens: number;
  readonly ms: number;
}

/**
 * Of what a step took: so long the line has this thread after it, where a step takes all of it. What it does are many small things one
 * after another (a file that is read, an answer that came), which would wait for a step each.
 */
const shareOfLine = 0.02;

/** [V17] [V74] Rests in proportion to what the work took. */
export async function rest(
  clock: Pick<Clock, "sleep">,
  workedMs: number,
  { duty, isLineBusy, signal }: Pick<Work, "duty" | "isLineBusy" | "signal">,
): Promise<void> {
  const share = Math.max(1 / duty() - 1, isLineBusy() ? shareOfLine : 0);
  await clock.sleep(workedMs * share, signal);
}
