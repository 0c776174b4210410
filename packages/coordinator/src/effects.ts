// What the shell must do, given a state [C3]: nothing here is remembered, so a coordinator that restarts in the
// closing phase finds the same work again, and gets the same bytes.

import type { Millis, VolunteerId } from "@homebody/base";
import type { Announcement, BodyRef, SectionFile } from "@homebody/protocol";
import type { Fact } from "./facts.ts";
import type { AcceptedDelta, ReadyVolunteers, RunState } from "./state.ts";
import { after } from "./tick.ts";

export interface Aggregation {
  readonly round: number;
  /** The body that the deltas start from. */
  readonly body: BodyRef;
  /** In the order in which they are averaged [C10]. */
  readonly deltas: readonly AcceptedDelta[];
  /** What the outer optimisers kept before this step. */
  readonly outer: readonly SectionFile[];
}

/** The closing round's work, if there is one. */
export function aggregationOf({ phase, body, outer }: RunState): Aggregation | undefined {
  if (phase.kind !== "closing") return undefined;
  return { round: phase.round, body, deltas: phase.accepted, outer };
}

/** When the next tick finds something to do by time alone; null: never. */
export function nextTimer({ phase, paused, manifest }: RunState): Millis | null {
  if (paused) return null;
  if (phase.kind === "evaluating") return phase.deadline;
  if (phase.kind !== "training") return null;
  if (phase.quorumAt === null) return phase.deadline;
  return Math.min(phase.deadline, after(phase.quorumAt, manifest.round.graceSeconds)) as Millis;
}

/** What one volunteer is told of the run now [P6]. It costs the same, however many take part. */
export function announcementFor(
  state: RunState,
  volunteer: VolunteerId,
  ready: ReadyVolunteers,
  now: Millis,
): Announcement {
  const { phase, paused, body, manifest } = state;
  // Each is written out: spreading what they share took twenty times as long.
  switch (phase.kind) {
    case "gathering": {
      const { minimum } = manifest.round;
      return { kind: "gathering", paused, body, round: phase.round, ready: ready.size, minimum };
    }
    case "training": {
      const { round, localSteps, stepsBefore, totalSteps } = phase;
      const assigned = phase.assigned.get(volunteer);
      return {
        kind: "training",
        paused,
        body,
        round,
        localSteps,
        stepsBefore,
        totalSteps,
        remainingMs: remainingMs(phase.deadline, state, now),
        assignment: assigned ? { slot: assigned.slot, slots: assigned.slots } : null,
        accepted: phase.accepted.has(volunteer),
      };
    }
    case "closing":
      return { kind: "closing", paused, body, round: phase.round };
    case "evaluating": {
      const evaluated = state.evaluated.has(volunteer);
      return {
        kind: "evaluating",
        paused,
        body,
        remainingMs: remainingMs(phase.deadline, state, now),
        evaluated,
      };
    }
    case "finished":
      return { kind: "finished", paused, body, rounds: body.number };
    default:
      phase satisfies never;
      throw new Error(`unknown phase ${JSON.stringify(phase)}`);
  }
}

function remainingMs(deadline: Millis, { pausedAt }: RunState, now: Millis): number {
  return Math.max(0, deadline - (pausedAt ?? now));
}

/** Whether all volunteers are told anew after this fact [P6]: what one of them did by itself leaves the others as they were. */
export function isAnnounced({ kind }: Fact): boolean {
  return kind !== "accepted" && kind !== "evaluated" && kind !== "created";
}
