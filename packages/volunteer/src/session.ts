// The session of a volunteer: what it knows, and the one thing to work on next. Rules: ../RULES.md.
//
// Pure. Events say what happened; `jobFor` derives the job from the session alone, so after a reload, a lost
// connection or a failed job the same question has the same answer, and nothing has to be resumed by hand.

import type { Millis, Sha256 } from "@homebody/base";
import type { Announcement, OpenUpload, Refusal, Removed } from "@homebody/protocol";

/** A delta that is stored with its embeddings, until the coordinator has said whether it counts [V8]. */
export type Pending = OpenUpload;

export interface Scored {
  readonly body: number;
  readonly sha256: Sha256;
  readonly nats: number;
  readonly tokens: number;
  readonly bytes: number;
}

export interface TrainOrder {
  readonly round: number;
  readonly body: number;
  readonly sha256: Sha256;
  readonly slot: number;
  readonly slots: number;
  readonly localSteps: number;
  readonly stepsBefore: number;
  readonly totalSteps: number;
}

export type Job =
  | { readonly kind: "prepare" }
  | { readonly kind: "evaluate"; readonly body: number; readonly sha256: Sha256 }
  | { readonly kind: "report"; readonly scored: Scored }
  | { readonly kind: "train"; readonly order: TrainOrder }
  | { readonly kind: "send"; readonly pending: Pending }
  | { readonly kind: "settle"; readonly pending: Pending; readonly accepted: boolean }
  | { readonly kind: "leave" };

export type Ending = "asked" | "removed" | "replaced" | "finished";

export interface Session {
  readonly contributing: boolean;
  readonly paused: boolean;
  readonly finishing: boolean;
  readonly ended: Ending | null;
  readonly prepared: boolean;
  readonly connected: boolean;
  readonly announcement: Announcement | null;
  /** When the announcement came: its remaining times count from here. */
  readonly announcedAt: Millis;
  readonly pending: Pending | null;
  /** What the coordinator said of the pending delta; null while it has not. */
  readonly verdict: "accepted" | "refused" | null;
  /** The last round that this volunteer has nothing more to do in. */
  readonly roundDone: number;
  /** The body that was evaluated last, and whether the coordinator has the result. */
  readonly scored: Scored | null;
  readonly reported: boolean;
  readonly failures: number;
  readonly retryAt: Millis | null;
  readonly failure: string | null;
  readonly refusal: { readonly word: Refusal; readonly at: Millis } | null;
  readonly roundsContributed: number;
}

export const firstSession: Session = {
  contributing: false,
  paused: false,
  finishing: false,
  ended: null,
  prepared: false,
  connected: false,
  announcement: null,
  announcedAt: 0 as Millis,
  pending: null,
  verdict: null,
  roundDone: 0,
  scored: null,
  reported: false,
  failures: 0,
  retryAt: null,
  failure: null,
  refusal: null,
  roundsContributed: 0,
};

export type SessionEvent =
  | { readonly kind: "contribute" }
  | { readonly kind: "pause" }
  | { readonly kind: "resume" }
  | { readonly kind: "finish" }
  | { readonly kind: "connected"; readonly announcement: Announcement }
  | { readonly kind: "disconnected" }
  | { readonly kind: "announcement"; readonly announcement: Announcement }
  | { readonly kind: "removed"; readonly reason: Removed["reason"] }
  /** The text is ready; `pending` and `scored` were found on the disk. */
  | {
      readonly kind: "prepared";
      readonly pending: Pending | null;
      readonly scored: Scored | null;
      readonly roundsContributed: number;
    }
  | { readonly kind: "evaluated"; readonly scored: Scored }
  | { readonly kind: "reported"; readonly body: number }
  | { readonly kind: "trained"; readonly pending: Pending }
  /** This round is left out [V11]. */
  | { readonly kind: "not-finite"; readonly round: number; readonly message: string }
  | { readonly kind: "accepted"; readonly round: number }
  | { readonly kind: "refused"; readonly word: Refusal }
  | { readonly kind: "settled"; readonly round: number; readonly accepted: boolean }
  | { readonly kind: "left" }
  | { readonly kind: "failed"; readonly message: string }
  /** All that was on the device is gone [V18]. */
  | { readonly kind: "device-lost"; readonly message: string }
  | { readonly kind: "retry" };

const longestRetryMs = 60_000;

export function evolve(session: Session, event: SessionEvent, now: Millis): Session {
  switch (event.kind) {
    case "contribute":
      return { ...session, contributing: true, paused: false, finishing: false, ended: null, ...fine };
    case "pause":
      return { ...session, paused: true };
    case "resume":
      return { ...session, paused: false, ...fine };
    case "finish":
      return { ...session, finishing: true };
    case "connected":
      return announced({ ...session, connected: true, ...fine }, event.announcement, now);
    case "disconnected":
      return { ...session, connected: false };
    case "announcement":
      return announced(session, event.announcement, now);
    case "removed":
      return { ...session, connected: false, ended: event.reason };
    case "prepared": {
      const { pending, scored, roundsContributed } = event;
      return { ...session, prepared: true, pending, scored, reported: false, roundsContributed, ...fine };
    }
    case "evaluated":
      return { ...session, scored: event.scored, reported: false, ...fine };
    case "reported":
      return event.body === session.scored?.body ? { ...session, reported: true, ...fine } : session;
    case "trained":
      return { ...session, pending: event.pending, verdict: null, ...fine };
    case "not-finite":
      return { ...session, roundDone: Math.max(session.roundDone, event.round), failure: event.message };
    case "accepted":
      return session.pending?.round === event.round ? { ...session, verdict: "accepted", ...fine } : session;
    case "refused":
      return refused(session, event.word, now);
    case "settled":
      return {
        ...session,
        pending: null,
        verdict: null,
        roundDone: Math.max(session.roundDone, event.round),
        roundsContributed: session.roundsContributed + (event.accepted ? 1 : 0),
        ended: session.ended ?? (session.announcement?.kind === "finished" ? "finished" : null),
        ...fine,
      };
    case "left":
      return { ...session, ended: "asked" };
    case "failed": {
      // [V12]
      const waitMs = Math.min(longestRetryMs, 1000 * 2 ** session.failures);
      const retryAt = (now + waitMs) as Millis;
      return { ...session, failures: session.failures + 1, retryAt, failure: event.message };
    }
    case "device-lost":
      return { ...evolve(session, { kind: "failed", message: event.message }, now), prepared: false };
    case "retry":
      return { ...session, retryAt: null };
    default:
      event satisfies never;
      throw new Error(`unknown session event ${JSON.stringify(event)}`);
  }
}

const fine = { failures: 0, retryAt: null, failure: null } as const;

function announced(session: Session, announcement: Announcement, now: Millis): Session {
  const next = { ...session, announcement, announcedAt: now };
  const unsettled = session.pending !== null;
  return announcement.kind === "finished" && !unsettled ? { ...next, ended: "finished" } : next;
}

/** What a refusal means for the session; the pages show its sentence. */
function refused(session: Session, word: Refusal, now: Millis): Session {
  const next = { ...session, refusal: { word, at: now } };
  switch (word) {
    // The delta will never count.
    case "wrong-round":
    case "not-assigned":
    case "already-accepted":
    case "wrong-size":
    case "wrong-shape":
    case "not-finite":
    case "too-far":
    case "finished":
      return session.pending === null ? next : { ...next, verdict: "refused" };
    case "removed":
      return { ...next, ended: "removed" };
    // The evaluation was of a body that is gone: nothing to report any more.
    case "wrong-body":
      return { ...next, reported: true };
    // All others pass, or are the host's to mend: it is tried again.
    default:
      return evolve(next, { kind: "failed", message: word }, now);
  }
}

/** The one thing to work on; null: wait [V1]. */
export function jobFor(session: Session, now: Millis): Job | null {
  const { announcement, pending, verdict } = session;
  if (!session.contributing || session.paused || session.ended !== null) return null; // [V2]
  if (session.retryAt !== null && now < session.retryAt) return null; // [V12]
  if (!session.prepared) return { kind: "prepare" }; // [V3]
  if (pending !== null) {
    // [V4]
    if (verdict !== null) return { kind: "settle", pending, accepted: verdict === "accepted" };
    return session.connected ? { kind: "send", pending } : null;
  }
  if (announcement === null) return null;
  if (session.scored !== null && !session.reported && session.connected && reportable(session))
    return { kind: "report", scored: session.scored };
  const order = orderOf(session);
  if (session.finishing && order === null) return session.connected ? { kind: "leave" } : null; // [V16]
  if (announcement.kind === "finished") return null;
  const { bodyNumber: body, body: sha256 } = announcement;
  if (announcement.kind !== "closing" && session.scored?.sha256 !== sha256)
    return { kind: "evaluate", body, sha256 }; // [V5]
  return order === null ? null : { kind: "train", order };
}

/** A score of an older body is of no use to the coordinator. */
function reportable({ scored, announcement }: Session): boolean {
  return scored?.sha256 === announcement?.body;
}

/** What this volunteer has to train in the open round; null: nothing [V6]. */
function orderOf({ announcement, roundDone }: Session): TrainOrder | null {
  if (announcement?.kind !== "training" || announcement.accepted) return null;
  const { round, assignment, localSteps, stepsBefore, totalSteps, bodyNumber, body } = announcement;
  if (assignment === null || round <= roundDone) return null;
  const { slot, slots } = assignment;
  return { round, body: bodyNumber, sha256: body, slot, slots, localSteps, stepsBefore, totalSteps };
}

/** The same job in other words: whether the one under way goes on. */
export function sameJob(a: Job | null, b: Job | null): boolean {
  return JSON.stringify(a) === JSON.stringify(b);
}

/** Whether rounds may count on this volunteer. */
export function isReady({ contributing, paused, finishing, ended, prepared }: Session): boolean {
  return contributing && prepared && !paused && !finishing && ended === null;
}

/** When the open round or the last evaluation ends; null where nothing ends by itself. */
export function deadlineOf({ announcement, announcedAt }: Session): Millis | null {
  if (announcement === null || announcement.paused) return null;
  if (announcement.kind !== "training" && announcement.kind !== "evaluating") return null;
  return (announcedAt + announcement.remainingMs) as Millis;
}
