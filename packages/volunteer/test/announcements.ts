// Announcements, orders and deltas for tests of the session.

import type { Millis, Sha256 } from "@homebody/base";
import type { Announcement, BodyRef, EagerRound, ReviewOrder } from "@homebody/protocol";
import type { Pending, Scored } from "../src/session.ts";

export const at = (ms: number) => ms as Millis;
export const hashOf = (body: number) => body.toString(16).padStart(64, "0") as Sha256;

export const bodyOf = (body: number): BodyRef => ({
  number: body,
  id: hashOf(body),
  sections: [{ name: "theta", sha256: hashOf(2000 + body), sizeBytes: 400 }],
});

const about = (body: number) => ({ paused: false, body: bodyOf(body) });

export function gathering(round: number): Announcement {
  return { ...about(round - 1), kind: "gathering", round, ready: 1, minimum: 2 };
}

interface Told {
  readonly slot?: number;
  readonly accepted?: boolean;
  readonly assigned?: boolean;
  /** Of an eager run. */
  readonly eager?: EagerRound;
}

export function training(
  round: number,
  { slot = 0, accepted = false, assigned = true, eager }: Told = {},
): Announcement {
  return {
    ...about(round - 1),
    kind: "training",
    round,
    localSteps: 4,
    stepsBefore: 4 * (round - 1),
    totalSteps: 40,
    remainingMs: 60_000,
    assignment: assigned ? { slot, slots: 2 } : null,
    accepted,
    ...(eager === undefined ? {} : { eager }),
  };
}

/** Of a peer's delta of this round. */
export const reviewOf = (round: number): ReviewOrder => ({
  delta: hashOf(3000 + round),
  sizeBytes: 1000,
  from: hashOf(round - 1),
  share: 0.5,
});

export const verdictOf = (round: number) => ({
  ...{ delta: hashOf(3000 + round), natsWithout: 70, natsWith: 69, bytes: 50 },
});

/** Of an eager run whose host never went back. */
export const eagerly = (round: number, told: Told = {}): Announcement =>
  training(round, { eager: { oldest: Math.max(0, round - 2), sources: 3 }, ...told });

export const closing = (round: number): Announcement => ({ ...about(round - 1), kind: "closing", round });

export const evaluating = (body: number): Announcement => ({
  ...about(body),
  kind: "evaluating",
  remainingMs: 60_000,
  evaluated: false,
});

export const finished = (rounds: number): Announcement => ({ ...about(rounds), kind: "finished", rounds });

export const scoreOf = (body: number): Scored => ({
  body,
  id: hashOf(body),
  nats: 70,
  tokens: 30,
  bytes: 50,
});

export const deltaOf = (round: number): Pending => ({
  round,
  delta: hashOf(1000 + round),
  sizeBytes: 1000,
  steps: 4,
  tokens: 128,
  loss: 3,
});
