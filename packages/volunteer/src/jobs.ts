// What a volunteer works on next, derived from its session alone: a job of each lane [V1].
//
// Where the lanes may not overlap at most one of them has a job, and a stored delta comes before everything else. Where
// they may, a delta is on its way and the next body is fetched while the next round trains, up to `longestQueue` stored ones.

import type { Millis, Sha256 } from "@homebody/base";
import type { BodyRef, ReviewOrder, Verdict } from "@homebody/protocol";
import { isEarly, type TrainOrder } from "./ahead.ts";
import {
  type Lane,
  lanes,
  newestHome,
  type Pending,
  type QueuedDelta,
  type Scored,
  type Session,
} from "./session.ts";

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
  | { readonly kind: "fetch"; readonly body: BodyRef }
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
  if (session.overlap) {
    const compute = waits("compute") ? null : computeJob(session);
    return { compute, line: waits("line") ? null : overlappingLineJob(session, compute, now) };
  }
  const line = lineJob(session);
  if (line !== null) return { ...nothing, line };
  return session.queue.length > 0 ? nothing : { ...nothing, compute: computeJob(session) }; // [V4]
}

/** [V33] The run is over, and what this device has of it is not ready yet. */
function isToBeTried({ ended, prepared, roundsContributed }: Session): boolean {
  return ended === "finished" && !prepared && roundsContributed > 0;
}

function lineJob(session: Session): LineJob | null {
  const { announcement, connected, queue } = session;
  const [head] = queue;
  if (head !== undefined && head.verdict !== null) return settling(head, head.verdict);
  if (!connected) return null;
  if (head !== undefined) return { kind: "send", pending: head.pending };
  return announcement === null ? null : (reportOf(session) ?? leaving(session));
}

/** The same while something is computed: what is fetched is for that, and what was measured goes before what ends its round [V60]. */
function overlappingLineJob(session: Session, compute: ComputeJob | null, now: Millis): LineJob | null {
  const { announcement, connected, queue, fetched, finishing } = session;
  const [head] = queue;
  if (head !== undefined && head.verdict !== null) return settling(head, head.verdict);
  if (!connected || announcement === null) return null;
  const report = reportOf(session);
  if (report !== null) return report;
  if (head !== undefined && isEarly(head.pending, announcement)) {
    if (finishing) return settling(head, "refused"); // [V16] its round will open without this device
  } else if (head !== undefined && !(isMeasuring(compute) && isTimeLeft(session, head, now)))
    return { kind: "send", pending: head.pending };
  if (fetched !== announcement.body.id && announcement.kind !== "finished")
    return { kind: "fetch", body: announcement.body };
  return head === undefined ? leaving(session) : null;
}

const settling = ({ pending }: QueuedDelta, verdict: "accepted" | "refused"): LineJob => ({
  kind: "settle",
  pending,
  accepted: verdict === "accepted",
});

const isMeasuring = (job: ComputeJob | null) => job?.kind === "evaluate" || job?.kind === "review";

/** What was measured. A score of an older body is of no use to the coordinator. */
function reportOf({ scored, reported, verdict, announcement }: Session): LineJob | null {
  if (scored !== null && !reported && scored.id === announcement?.body.id) return { kind: "report", scored };
  return verdict === null ? null : { kind: "tell", verdict };
}

/** [V16] */
function leaving(session: Session): LineJob | null {
  return session.finishing && orderOf(session) === null ? { kind: "leave" } : null;
}

/** Whether the round of a delta is open, with more than a third of the time that it had when it was announced. */
function isTimeLeft({ announcement, announcedAt }: Session, { pending }: QueuedDelta, now: Millis): boolean {
  const isOpen = announcement?.kind === "training" && announcement.round === pending.round;
  return isOpen && now < announcedAt + (2 / 3) * announcement.remainingMs;
}

function computeJob(session: Session): ComputeJob | null {
  const { announcement, queue } = session;
  if (announcement === null || announcement.kind === "finished" || queue.length >= longestQueue) return null;
  const open = orderOf(session);
  if (session.finishing && open === null) return null; // [V16]
  if (session.fitting !== null) return { kind: "fit", body: session.fitting }; // [V20]
  const { body, paused, review } = announcement;
  const order = open ?? (paused ? null : session.ahead); // [V54]
  const startsFromIt = order === null || order.body.id === body.id;
  if (startsFromIt && session.overlap && session.fetched !== body.id) return null; // the line fetches it
  if (startsFromIt && review !== undefined && review.delta !== session.reviewed)
    return { kind: "review", ...review, drawnBy: body.id, homeRound: newestHome(session) }; // [V67]
  if (startsFromIt && announcement.kind !== "closing" && session.scored?.id !== body.id)
    return { kind: "evaluate", body, homeRound: newestHome(session) }; // [V5]
  return order === null ? null : { kind: "train", order };
}

/** What this volunteer has to train in the open round; null: nothing [V6]. What it has begun ahead goes on. */
function orderOf(session: Session): TrainOrder | null {
  const { announcement, queue, again, ahead } = session;
  if (announcement?.kind !== "training" || announcement.accepted) return null;
  const { round, assignment, localSteps, stepsBefore, totalSteps, body } = announcement;
  const last = queue.at(-1)?.pending.round ?? 0;
  const roundDone = round === again ? 0 : session.roundDone; // [V21]
  if (assignment === null || round <= Math.max(roundDone, last)) return null;
  if (ahead?.round === round) return ahead;
  const { slot, slots } = assignment;
  const homeRound = newestHome(session);
  return { round, body, homeRound, slot, slots, localSteps, stepsBefore, totalSteps, ahead: null };
}

const lineKinds: readonly Job["kind"][] = ["tell", "report", "send", "fetch", "settle", "leave"];
export const isOfLine = (job: Job): job is LineJob => lineKinds.includes(job.kind);

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

/** When this round ends, as far as it is known: what is trained ahead of it ends by nothing. */
export function deadlineOfRound(session: Session, round: number): Millis | null {
  const { announcement } = session;
  return announcement?.kind === "training" && announcement.round === round ? deadlineOf(session) : null;
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
