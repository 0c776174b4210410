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

/** [V17] Rests in proportion to what the work took. */
export async function rest(clock: Clock, workedMs: number, { duty, signal }: Work): Promise<void> {
  const share = duty();
  await clock.sleep(share >= 1 ? 0 : workedMs * (1 / share - 1), signal);
}
