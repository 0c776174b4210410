// What a volunteer works on next, derived from its session alone: a job of each lane [V1].
//
// Where the lanes may not overlap at most one of them has a job, and a stored delta comes before everything else. Where
// they may, a delta is on its way while the next round trains, up to `longestQueue` stored ones.

import type { Millis, Sha256 } from "@homebody/base";
import type { BodyRef, ReviewOrder, Verdict } from "@homebody/protocol";
import { type Lane, lanes, type Pending, type Scored, type Session } from "./session.ts";

export interface TrainOrder {
  readonly round: number;
  readonly body: BodyRef;
  /** The round whose home tensors it begins from; 0: the first ones. */
  readonly homeRound: number;
  readonly slot: number;
  readonly slots: number;
  readonly localSteps: number;
  readonly stepsBefore: number;
  readonly totalSteps: number;
}

export type ComputeJob =
  | { readonly kind: "prepare" }
  | { readonly kind: "fit"; readonly body: BodyRef }
  | ReviewJob
  | { readonly kind: "evaluate"; readonly body: BodyRef; readonly homeRound: number }
  | { readonly kind: "train"; readonly order: TrainOrder };

/** A peer's delta, measured on rows that are drawn by the body that came of it. */
export interface ReviewJob extends ReviewOrder {
  readonly kind: "review";
  readonly drawnBy: Sha256;
  readonly homeRound: number;
}

export type LineJob =
  | { readonly kind: "tell"; readonly verdict: Verdict }
  | { readonly kind: "report"; readonly scored: Scored }
  | { readonly kind: "send"; readonly pending: Pending }
  | { readonly kind: "settle"; readonly pending: Pending; readonly accepted: boolean }
  | { readonly kind: "leave" };

export type Job = ComputeJob | LineJob;

/** Null: the lane waits. */
export interface Jobs {
  readonly compute: ComputeJob | null;
  readonly line: LineJob | null;
}

/** Stored deltas that training may run ahead of: one on its way, one behind it. More would be of bodies long gone. */
export const longestQueue = 2;

const nothing: Jobs = { compute: null, line: null };

export function jobsFor(session: Session, now: Millis): Jobs {
  if (!session.contributing || session.paused) return nothing; // [V2]
  if (session.ended !== null && !isToBeTried(session)) return nothing;
  if (session.outOfHours) return nothing; // [V25]
  const waits = (lane: Lane) => now < (session.failures[lane]?.retryAt ?? now); // [V12]
  if (!session.overlap && lanes.some(waits)) return nothing;
  if (!session.prepared) return waits("compute") ? nothing : { ...nothing, compute: { kind: "prepare" } }; // [V3]
  const line = lineJob(session);
  if (session.overlap)
    return { compute: waits("compute") ? null : computeJob(session), line: waits("line") ? null : line };
  if (line !== null) return { ...nothing, line };
  return session.queue.length > 0 ? nothing : { ...nothing, compute: computeJob(session) }; // [V4]
}

/** [V33] The run is over, and what this device has of it is not ready yet. */
function isToBeTried({ ended, prepared, roundsContributed }: Session): boolean {
  return ended === "finished" && !prepared && roundsContributed > 0;
}

function lineJob(session: Session): LineJob | null {
  const { announcement, connected, scored, reported } = session;
  const [head] = session.queue;
  if (head !== undefined && head.verdict !== null)
    return { kind: "settle", pending: head.pending, accepted: head.verdict === "accepted" };
  if (!connected) return null;
  if (head !== undefined) return { kind: "send", pending: head.pending };
  if (announcement === null) return null;
  // A score of an older body is of no use to the coordinator.
  if (scored !== null && !reported && scored.id === announcement.body.id) return { kind: "report", scored };
  if (session.verdict !== null) return { kind: "tell", verdict: session.verdict };
  return session.finishing && orderOf(session) === null ? { kind: "leave" } : null; // [V16]
}

function computeJob(session: Session): ComputeJob | null {
  const { announcement, queue } = session;
  if (announcement === null || announcement.kind === "finished" || queue.length >= longestQueue) return null;
  const order = orderOf(session);
  if (session.finishing && order === null) return null; // [V16]
  const { body } = announcement;
  if (session.fitting !== null) return { kind: "fit", body: session.fitting }; // [V20]
  const { review } = announcement;
  if (review !== undefined && review.delta !== session.reviewed)
    // [V67]
    return { kind: "review", ...review, drawnBy: body.id, homeRound: newestHome(session) };
  if (announcement.kind !== "closing" && session.scored?.id !== body.id)
    return { kind: "evaluate", body, homeRound: newestHome(session) }; // [V5]
  return order === null ? null : { kind: "train", order };
}

/** What this volunteer has to train in the open round; null: nothing [V6]. */
function orderOf(session: Session): TrainOrder | null {
  const { announcement, queue, again } = session;
  if (announcement?.kind !== "training" || announcement.accepted) return null;
  const { round, assignment, localSteps, stepsBefore, totalSteps, body } = announcement;
  const last = queue.at(-1)?.pending.round ?? 0;
  const roundDone = round === again ? 0 : session.roundDone; // [V21]
  if (assignment === null || round <= Math.max(roundDone, last)) return null;
  const { slot, slots } = assignment;
  const homeRound = newestHome(session);
  return { round, body, homeRound, slot, slots, localSteps, stepsBefore, totalSteps };
}

/** Of the newest stored delta that was not refused, else this device's own. */
export function newestHome({ queue, homeRound }: Session): number {
  return queue.findLast(({ verdict }) => verdict !== "refused")?.pending.round ?? homeRound;
}

/** The same job in other words: whether the one under way goes on. */
export function sameJob(a: Job | null, b: Job | null): boolean {
  return a?.kind === b?.kind && JSON.stringify(a) === JSON.stringify(b);
}

/** Whether rounds may count on this volunteer. */
export function isReady(session: Session): boolean {
  const { contributing, paused, outOfHours, finishing, ended, prepared, fitting } = session;
  const works = contributing && !paused && !outOfHours && !finishing && ended === null;
  return works && prepared && fitting === null;
}

/** When the open round or the last evaluation ends; null where nothing ends by itself. */
export function deadlineOf({ announcement, announcedAt }: Session): Millis | null {
  if (announcement === null || announcement.paused) return null;
  if (announcement.kind !== "training" && announcement.kind !== "evaluating") return null;
  return (announcedAt + announcement.remainingMs) as Millis;
}

/**
 * [V62] [V63] When the time box of this round is over: at once where its volunteer wants to leave. Null where the round has none, or is
 * not open.
 */
export function boxEndOf({ announcement, announcedAt, finishing }: Session, round: number): Millis | null {
  if (announcement?.kind !== "training" || announcement.round !== round) return null;
  const { boxMs } = announcement;
  if (boxMs === undefined) return null;
  return (announcedAt + (finishing ? 0 : boxMs)) as Millis;
}

/** The failure that the session waits for, of the lane that goes on first. */
export function failureOf({
  failures,
}: Session): { readonly message: string; readonly retryAt: Millis } | null {
  const waiting = lanes.flatMap((lane) => {
    const failure = failures[lane];
    return failure?.retryAt == null ? [] : [{ message: failure.message, retryAt: failure.retryAt }];
  });
  return waiting.sort((a, b) => a.retryAt - b.retryAt)[0] ?? null;
}
