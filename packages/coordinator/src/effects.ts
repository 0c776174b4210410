// What the shell must do, given a state [C3]: nothing here is remembered, so a coordinator that restarts in the
// closing phase finds the same work again, and gets the same bytes.

import type { Millis, VolunteerId } from "@homebody/base";
import type { Announcement, SectionFile } from "@homebody/protocol";
import type { Fact } from "./facts.ts";
import { isQuarantined } from "./reviews.ts";
import { eagerRound } from "./starts.ts";
import type { AcceptedDelta, ReadyVolunteers, Review, RunState } from "./state.ts";
import { boxEndsAt, closesAt, graceEndsAt, opensAt } from "./tick.ts";

export interface Aggregation {
  readonly round: number;
  /** Of the body that the deltas are added to. */
  readonly sections: readonly SectionFile[];
  /** In the order in which they are averaged [C10]. */
  readonly deltas: readonly AcceptedDelta[];
  /** What the outer optimisers kept before this step. */
  readonly outer: readonly SectionFile[];
}

/** The closing round's work, if there is one. */
export function aggregationOf({ phase }: RunState): Aggregation | undefined {
  if (phase.kind !== "closing") return undefined;
  const { round, from, accepted } = phase;
  return { round, ...from, deltas: accepted };
}

/** When the next tick finds something to do by time alone; null: never. */
export function nextTimer(state: RunState, now: Millis): Millis | null {
  const { phase, paused } = state;
  if (paused) return null;
  if (phase.kind === "gathering") return opensAt(state) > now ? opensAt(state) : null;
  if (phase.kind === "evaluating") return phase.deadline;
  if (phase.kind !== "training") return null;
  const { pending, deadline } = phase;
  if (pending.size === 0) return earliest(deadline, closesAt(state));
  const graceEnds = graceEndsAt(state, phase);
  return graceEnds === null ? deadline : earliest(deadline, latest(closesAt(state), graceEnds));
}

const earliest = (a: Millis, b: Millis) => Math.min(a, b) as Millis;
const latest = (a: Millis, b: Millis) => Math.max(a, b) as Millis;

/** What one volunteer is told of the run now [P6]. It costs the same, however many take part. */
export function announcementFor(
  state: RunState,
  volunteer: VolunteerId,
  ready: ReadyVolunteers,
  now: Millis,
): Announcement {
  const { phase, paused, body, manifest } = state;
  const held = state.held ?? undefined;
  const own = toOneAlone(state, volunteer);
  // Each is written out: spreading what they share took twenty times as long.
  switch (phase.kind) {
    case "gathering": {
      const { minimum } = manifest.round;
      return {
        kind: "gathering",
        paused,
        held,
        body,
        round: phase.round,
        ready: ready.size,
        minimum,
        ...own,
      };
    }
    case "training": {
      const { round, localSteps, stepsBefore, totalSteps } = phase;
      const assigned = phase.assigned.get(volunteer);
      return {
        kind: "training",
        paused,
        held,
        body,
        round,
        localSteps,
        ...boxLeft(state, now),
        stepsBefore,
        totalSteps,
        remainingMs: remainingMs(phase.deadline, state, now),
        assignment: assigned ? { slot: assigned.slot, slots: assigned.slots } : null,
        accepted: phase.accepted.has(volunteer),
        ...lost(state, volunteer),
        ...own,
        ...(manifest.overlap === "off" ? isNot : { eager: eagerRound(state, phase.assigned) }),
      };
    }
    case "closing":
      return { kind: "closing", paused, held, body, round: phase.round, ...lost(state, volunteer), ...own };
    case "evaluating": {
      const evaluated = state.evaluated.has(volunteer);
      return {
        kind: "evaluating",
        paused,
        held,
        body,
        remainingMs: remainingMs(phase.deadline, state, now),
        evaluated,
        ...own,
      };
    }
    case "finished":
      return { kind: "finished", paused, held, body, rounds: body.number };
    default:
      phase satisfies never;
      throw new Error(`unknown phase ${JSON.stringify(phase)}`);
  }
}

/** [C90] What is asked of this volunteer and [C93] what became of it; nothing of most. */
function toOneAlone(state: RunState, volunteer: VolunteerId): Pick<Announcement, "review" | "quarantined"> {
  const asked = state.reviews.get(volunteer);
  const quarantined = isQuarantined(state, volunteer);
  if (asked === undefined && !quarantined) return isNot;
  return { ...(asked && { review: orderOf(asked) }), ...(quarantined && { quarantined }) };
}

const orderOf = ({ delta, sizeBytes, from, share }: Review) => ({ delta, sizeBytes, from, share });

const isLost = { lost: true } as const;
const isNot = {};

/** [C44] What its volunteer is told of a delta that was dropped. */
function lost({ dropped }: RunState, volunteer: VolunteerId): { readonly lost?: true } {
  return dropped.has(volunteer) ? isLost : isNot;
}

/** [C86] Until the open round's time box is over. */
function boxLeft(state: RunState, now: Millis): { readonly boxMs?: number } {
  const ends = boxEndsAt(state);
  return ends === null ? isNot : { boxMs: Math.max(0, ends - now) };
}

function remainingMs(deadline: Millis, { pausedAt }: RunState, now: Millis): number {
  return Math.max(0, deadline - (pausedAt ?? now));
}

const ofOneAlone: ReadonlySet<Fact["kind"]> = new Set([
  "accepted",
  "evaluated",
  "reviewed",
  "left",
  "created",
  "invited",
  "admitted",
]);

/** Whether all volunteers are told anew after this fact [P6]: what one of them did by itself leaves the others as they were. */
export function isAnnounced({ kind }: Fact): boolean {
  return !ofOneAlone.has(kind);
}
