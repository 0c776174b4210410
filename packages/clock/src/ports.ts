// Time, as whoever is given it sees it. Nothing else in Homebody asks a machine for the time or waits.

import type { Millis } from "@homebody/base";

/** Takes back what was to happen; nothing where it has happened. */
export type Cancel = () => void;

export interface Clock {
  now(): Millis;
  /** Milliseconds that only grow: for measuring. */
  elapsed(): number;
  /** Resolves early when the signal aborts; one of no time lets others have their turn. */
  sleep(ms: number, signal?: AbortSignal): Promise<void>;
  /** The work, once, when so much time has passed: weeks, if need be. */
  after(ms: number, work: () => void): Cancel;
  /** The work, again and again, so long after each other. */
  every(ms: number, work: () => void): Cancel;
}
