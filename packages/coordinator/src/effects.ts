// What the shell must do, given a state [C3]: nothing here is remembered, so a coordinator that restarts in the
// closing phase finds the same work again, and gets the same bytes.

import type { Millis, VolunteerId } from "@homebody/base";
import type { Announcement, BodyRef, SectionFile } from "@homebody/protocol";
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
  const common = { paused, body };
  const remaining = (deadline: Millis) => Math.max(0, deadline - (state.pausedAt ?? now));
  switch (phase.kind) {
    case "gathering": {
      const { minimum } = manifest.round;
      return { ...common, kind: "gathering", round: phase.round, ready: ready.size, minimum };
    }
    case "training": {
      const { round, localSteps, stepsBefore, totalSteps, deadline } = phase;
      const assigned = phase.assigned.get(volunteer);
      return {
        ...common,
        kind: "training",
        round,
        localSteps,
        stepsBefore,
        totalSteps,
        remainingMs: remaining(deadline),
        assignment: assigned ? { slot: assigned.slot, slots: assigned.slots } : null,
        accepted: phase.accepted.has(volunteer),
      };
    }
    case "closing":
      return { ...common, kind: "closing", round: phase.round };
    case "evaluating":
      return {
        ...common,
        kind: "evaluating",
        remainingMs: remaining(phase.deadline),
        evaluated: state.evaluated.has(volunteer),
      };
    case "finished":
      return { ...common, kind: "finished", rounds: body.number };
    default:
      phase satisfies never;
      throw new Error(`unknown phase ${JSON.stringify(phase)}`);
  }
}
