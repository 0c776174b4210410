// The session of a volunteer: what it knows, and how each thing that happens changes that. Rules: ../RULES.md.
//
// Pure. Events say what happened; what to work on next is derived from the session alone (jobs.ts), so after a reload,
// a lost connection or a failed job the same question has the same answer, and nothing has to be resumed by hand.

import type { Millis, Sha256 } from "@homebody/base";
import type { Announcement, BodyRef, OpenUpload, Refusal, Removed, Verdict } from "@homebody/protocol";
import { mayCount, orderAfter, type TrainOrder } from "./ahead.ts";

/** A delta that is stored with what belongs to it, until the coordinator has said whether it counts [V8]. */
export type Pending = OpenUpload;

/** A delta as the disk has it: with the round whose home tensors it began from [V9]. */
export interface StoredPending {
  readonly pending: Pending;
  readonly homeRound: number;
}

/** A stored delta, and what the coordinator said of it; null while it has not. */
export interface QueuedDelta {
  readonly pending: Pending;
  readonly verdict: "accepted" | "refused" | null;
}

/** An evaluation of a body. */
export interface Scored {
  readonly body: number;
  /** The body's. */
  readonly id: Sha256;
  readonly nats: number;
  readonly tokens: number;
  readonly bytes: number;
}

/**
 * `refused`: this volunteer cannot take part, and another try would change nothing [V19]; `unusable`: nor would one with the
 * text that it brought [V23].
 */
export type Ending = "asked" | "removed" | "replaced" | "refused" | "unusable" | "finished";

/** What computes, and what speaks with the coordinator: jobs of the two may run together where they may overlap. */
export type Lane = "compute" | "line";
export const lanes: readonly Lane[] = ["compute", "line"];

/** How a lane's last job failed. */
export interface Failure {
  /** In a row. */
  readonly count: number;
  readonly retryAt: Millis | null;
  readonly message: string;
}

export interface Session {
  /** Whether the two lanes may be busy together [V1]: the run is eager. */
  readonly overlap: boolean;
  readonly contributing: boolean;
  readonly paused: boolean;
  /** It is not within the hours that this volunteer was given [V25]. */
  readonly outOfHours: boolean;
  readonly finishing: boolean;
  readonly ended: Ending | null;
  readonly prepared: boolean;
  /** Deltas are on the disk that are not in the queue yet: it is prepared first. */
  readonly unread: boolean;
  /** No words of this device count yet, and the run asks that such words fit a trained body first [V20]. */
  readonly fresh: boolean;
  /** The run started from a model: its first body is a trained one, too. */
  readonly startsTrained: boolean;
  /** The body that they are fitted to; null where nothing is to be fitted now. */
  readonly fitting: BodyRef | null;
  readonly connected: boolean;
  /** The coordinator knows of it, and the host has not let it in yet [V22]. */
  readonly awaitsApproval: boolean;
  readonly announcement: Announcement | null;
  /** When the announcement came: its remaining times count from here. */
  readonly announcedAt: Millis;
  /** Stored deltas by round, the oldest first; at most `longestQueue` [V4]. */
  readonly queue: readonly QueuedDelta[];
  /** The round whose home tensors are this device's own [V9]; 0: the first ones. */
  readonly homeRound: number;
  /** The last round that this volunteer has nothing more to do in. */
  readonly roundDone: number;
  /** The open round, where what was accepted of it was lost [V21]: it is trained once more. */
  readonly again: number | null;
  /** The delta that was trained last, since the device was prepared. */
  readonly latest: Pending | null;
  /** The round that is trained ahead of its opening, or was begun so [V54]. */
  readonly ahead: TrainOrder | null;
  /** The id of the body that the line fetched last. */
  readonly fetched: Sha256 | null;
  /** The body that was evaluated last, and whether the coordinator has the result. */
  readonly scored: Scored | null;
  readonly reported: boolean;
  /** The peer's delta that was reviewed last, or could not be [V67]. */
  readonly reviewed: Sha256 | null;
  /** What came of it, until the coordinator has it. */
  readonly verdict: Verdict | null;
  readonly failures: Readonly<Record<Lane, Failure | null>>;
  readonly refusal: { readonly reason: Refusal; readonly at: Millis } | null;
  readonly roundsContributed: number;
}

const fine = { compute: null, line: null } as const;

export const firstSession: Session = {
  overlap: false,
  contributing: false,
  paused: false,
  outOfHours: false,
  finishing: false,
  ended: null,
  prepared: false,
  unread: false,
  fresh: false,
  startsTrained: false,
  fitting: null,
  connected: false,
  awaitsApproval: false,
  announcement: null,
  announcedAt: 0 as Millis,
  queue: [],
  homeRound: 0,
  roundDone: 0,
  again: null,
  latest: null,
  ahead: null,
  fetched: null,
  scored: null,
  reported: false,
  reviewed: null,
  verdict: null,
  failures: fine,
  refusal: null,
  roundsContributed: 0,
};

export type SessionEvent =
  /** `paused`: as it was before a reload [V36]. */
  | { readonly kind: "contribute"; readonly paused?: boolean }
  | { readonly kind: "pause" }
  | { readonly kind: "resume" }
  | { readonly kind: "hours"; readonly within: boolean }
  | { readonly kind: "finish" }
  | { readonly kind: "connected"; readonly announcement: Announcement }
  | { readonly kind: "disconnected" }
  | { readonly kind: "announcement"; readonly announcement: Announcement }
  | { readonly kind: "removed"; readonly reason: Removed["reason"] }
  /** The text is ready; the rest was found on the disk, deltas by round. */
  | {
      readonly kind: "prepared";
      readonly deltas: readonly StoredPending[];
      readonly homeRound: number;
      readonly fresh: boolean;
      readonly startsTrained: boolean;
      readonly scored: Scored | null;
      readonly roundsContributed: number;
      /** Of the snapshot, where it is of a round that was begun ahead. */
      readonly ahead: TrainOrder | null;
    }
  | { readonly kind: "fitted" }
  | { readonly kind: "fetched"; readonly id: Sha256 }
  | { readonly kind: "evaluated"; readonly scored: Scored }
  | { readonly kind: "reported"; readonly body: number }
  /** `verdict`: null where nothing can be said of it [V69]. */
  | { readonly kind: "reviewed"; readonly delta: Sha256; readonly verdict: Verdict | null }
  | { readonly kind: "told" }
  /** `homeRound`: whose home tensors it began from. */
  | { readonly kind: "trained"; readonly pending: Pending; readonly homeRound: number }
  /** This round is left out [V11]. */
  | { readonly kind: "not-finite"; readonly round: number; readonly message: string }
  | { readonly kind: "accepted"; readonly round: number }
  | { readonly kind: "refused"; readonly reason: Refusal }
  | { readonly kind: "settled"; readonly round: number; readonly accepted: boolean }
  | { readonly kind: "left" }
  | { readonly kind: "failed"; readonly lane: Lane; readonly message: string }
  /** The text that was brought [V23]. */
  | { readonly kind: "unusable"; readonly message: string }
  /** All that was on the device is gone [V18]. */
  | { readonly kind: "device-lost"; readonly message: string }
  | { readonly kind: "retry"; readonly lane: Lane };

const longestRetryMs = 60_000;

export function evolve(session: Session, event: SessionEvent, now: Millis): Session {
  switch (event.kind) {
    case "contribute":
      return {
        ...session,
        contributing: true,
        paused: event.paused ?? false,
        finishing: false,
        ended: null,
        failures: fine,
      };
    case "pause":
      return { ...session, paused: true };
    case "resume":
      return { ...session, paused: false, failures: fine };
    case "hours":
      return { ...session, outOfHours: !event.within };
    case "finish":
      return { ...session, finishing: true };
    case "connected":
      return announced(
        { ...session, connected: true, awaitsApproval: false, failures: fine },
        event.announcement,
        now,
      );
    case "disconnected":
      return { ...session, connected: false, awaitsApproval: false };
    case "announcement":
      return announced(session, event.announcement, now);
    case "removed":
      return { ...session, connected: false, ended: event.reason };
    case "prepared": {
      const { deltas, kind: _, ...found } = event;
      const queue = queueOf(deltas, event.homeRound);
      const anew = { unread: false, prepared: true, reported: false, latest: null, fetched: null };
      const next = withFitting(withAhead({ ...session, ...found, ...anew, queue }));
      return succeeded(withEnd(next), "compute");
    }
    case "fitted":
      return succeeded({ ...session, fresh: false, fitting: null }, "compute");
    case "fetched":
      return succeeded({ ...session, fetched: event.id }, "line");
    case "evaluated":
      return succeeded({ ...session, scored: event.scored, reported: false }, "compute");
    case "reported":
      return event.body === session.scored?.body
        ? succeeded({ ...session, reported: true }, "line")
        : session;
    case "reviewed":
      return succeeded({ ...session, reviewed: event.delta, verdict: event.verdict }, "compute");
    case "told":
      return succeeded({ ...session, verdict: null }, "line");
    case "trained": {
      const { pending, homeRound } = event;
      const verdict = isThere(session, homeRound) ? null : "refused"; // [V9]
      const queue = [...session.queue, { pending, verdict } as const];
      const latest = verdict === null ? pending : null;
      return succeeded(withAhead({ ...session, queue, latest, ahead: null, again: null }), "compute");
    }
    case "not-finite": {
      const compute = { count: 0, retryAt: null, message: event.message };
      const roundDone = Math.max(session.roundDone, event.round);
      const ahead = session.ahead?.round === event.round ? null : session.ahead;
      return { ...session, roundDone, ahead, again: null, failures: { ...session.failures, compute } };
    }
    case "accepted": {
      const [head, ...others] = session.queue;
      if (head?.pending.round !== event.round) return session;
      return succeeded({ ...session, queue: [{ ...head, verdict: "accepted" }, ...others] }, "line");
    }
    case "refused":
      return refused(session, event.reason, now);
    case "settled":
      return settled(session, event.round, event.accepted);
    case "left":
      return { ...session, ended: "asked" };
    case "failed": {
      // [V12]
      const { lane, message } = event;
      const before = session.failures[lane]?.count ?? 0;
      const retryAt = (now + Math.min(longestRetryMs, 1000 * 2 ** before)) as Millis;
      const failures = { ...session.failures, [lane]: { count: before + 1, retryAt, message } };
      if (lane === "line") return { ...session, failures };
      // What was fitted to may be a body that is gone by now.
      return withFitting({ ...session, failures, fitting: null });
    }
    case "unusable": {
      const compute = { count: 1, retryAt: null, message: event.message };
      return { ...session, ended: "unusable", failures: { ...session.failures, compute } };
    }
    case "device-lost": {
      const failed = { kind: "failed", lane: "compute", message: event.message } as const;
      const reviewed = session.announcement?.review?.delta ?? session.reviewed; // [V69]
      return evolve({ ...session, prepared: false, reviewed }, failed, now);
    }
    case "retry": {
      const failure = session.failures[event.lane];
      if (failure === null) return session;
      return { ...session, failures: { ...session.failures, [event.lane]: { ...failure, retryAt: null } } };
    }
    default:
      event satisfies never;
      throw new Error(`unknown session event ${JSON.stringify(event)}`);
  }
}

/**
 * [V9] What began from home tensors that are not there any more does not count: it was refused with them. One whose own
 * home tensors are this device's was accepted, and is settled again.
 */
function queueOf(deltas: readonly StoredPending[], homeRound: number): readonly QueuedDelta[] {
  const there = new Set([homeRound]);
  return deltas.map(({ pending, homeRound: from }) => {
    if (pending.round === homeRound) return { pending, verdict: "accepted" };
    if (!there.has(from)) return { pending, verdict: "refused" };
    there.add(pending.round);
    return { pending, verdict: null };
  });
}

/** Of the newest stored delta that was not refused, else this device's own. */
export function newestHome({ queue, homeRound }: Session): number {
  return queue.findLast(({ verdict }) => verdict !== "refused")?.pending.round ?? homeRound;
}

/** Whether the home tensors of this round may count. */
function isThere({ queue, homeRound }: Session, round: number): boolean {
  const isStored = queue.some(({ pending, verdict }) => pending.round === round && verdict !== "refused");
  return round === homeRound || isStored;
}

function succeeded(session: Session, lane: Lane): Session {
  if (session.failures[lane] === null) return session;
  return { ...session, failures: { ...session.failures, [lane]: null } };
}

/**
 * [V20] To the body that there is when it begins: the one under way is not begun anew for each body that comes. Words that
 * belong to a stored delta may count yet.
 */
function withFitting(session: Session): Session {
  const { fresh, startsTrained, prepared, fitting, announcement, queue } = session;
  const mayCount = queue.some(({ verdict }) => verdict !== "refused");
  if (!fresh || !prepared || mayCount || fitting !== null || announcement === null) return session;
  const { body } = announcement;
  return body.number > 0 || startsTrained ? { ...session, fitting: body } : session;
}

function announced(session: Session, announcement: Announcement, now: Millis): Session {
  const known = withLoss(onFrom(session, announcement), announcement, now);
  return withEnd(withFitting(withAhead({ ...known, announcement, announcedAt: now })));
}

/** A start is made of the latest body: one that never came will not any more when another has. */
function onFrom(session: Session, { body }: Announcement): Session {
  const { announcement, ahead, fetched } = session;
  const isLeft = ahead !== null && ahead.body.id === announcement?.body.id && ahead.body.id !== body.id;
  return isLeft && fetched !== ahead.body.id ? { ...session, ahead: null } : session;
}

/** [V54] [V56] What was begun ahead is given up where it cannot count any more; after a delta the next round begins. */
function withAhead(session: Session): Session {
  if (!session.overlap || session.announcement === null) return session;
  const known = withoutStranded(session);
  const { announcement, latest, roundDone } = known;
  if (announcement === null) return known;
  const isRight = (order: TrainOrder) =>
    order.homeRound === newestHome(known) && order.round > roundDone && mayCount(order, announcement);
  if (known.ahead !== null && isRight(known.ahead)) return known;
  const next = latest === null || known.finishing ? null : orderAfter(announcement, latest);
  return { ...known, ahead: next !== null && isRight(next) ? next : null };
}

/** [V58] Where the open round is to be trained once more, what went ahead of it does not count. */
function withoutStranded(session: Session): Session {
  const { announcement, queue, roundDone, again } = session;
  if (announcement?.kind !== "training" || announcement.assignment === null || announcement.accepted)
    return session;
  const { round } = announcement;
  const isOwed = round === again || round > roundDone;
  if (!isOwed || queue.some(({ pending }) => pending.round === round)) return session;
  const isLater = ({ pending }: QueuedDelta) => pending.round > round;
  if (!queue.some(isLater) && round !== again) return session;
  return {
    ...session,
    queue: queue.map((one) => (isLater(one) ? { ...one, verdict: one.verdict ?? "refused" } : one)),
    latest: null,
    ahead: null,
  };
}

/** [V14] */
function withEnd(session: Session): Session {
  const { announcement, queue, unread, ended } = session;
  const isOver = announcement?.kind === "finished" && queue.length === 0 && !unread;
  return isOver ? { ...session, ended: ended ?? "finished" } : session;
}

/** [V21] The coordinator has lost what was accepted: told once, and where the round is open it is trained again. */
function withLoss(session: Session, announcement: Announcement, now: Millis): Session {
  const before = session.announcement;
  if (!isLoss(announcement) || (before !== null && isLoss(before) && before.kind === announcement.kind))
    return session;
  const again = announcement.kind === "training" ? announcement.round : session.again;
  return { ...session, refusal: { reason: "lost", at: now }, again };
}

function isLoss(announcement: Announcement): boolean {
  return "lost" in announcement && announcement.lost === true;
}

/** [V9] */
function settled(session: Session, round: number, accepted: boolean): Session {
  const queue = session.queue.filter(({ pending }) => pending.round !== round);
  const next: Session = {
    ...session,
    queue,
    homeRound: accepted ? round : session.homeRound,
    fresh: session.fresh && !accepted,
    roundDone: Math.max(session.roundDone, round),
    roundsContributed: session.roundsContributed + (accepted ? 1 : 0),
  };
  return succeeded(withEnd(next), "line");
}

/** What a refusal means for the session; the pages show its sentence. */
function refused(session: Session, reason: Refusal, now: Millis): Session {
  const next = { ...session, refusal: { reason, at: now } };
  switch (reason) {
    // The delta will never count; nor do those that began from its home tensors [V9].
    case "wrong-round":
    case "stale":
    case "not-assigned":
    case "already-accepted":
    case "wrong-size":
    case "wrong-shape":
    case "not-finite":
    case "too-far":
    case "empty-delta":
    case "copied-delta":
    case "finished":
      return withFitting({
        ...next,
        queue: session.queue.map(({ pending, verdict }) => ({ pending, verdict: verdict ?? "refused" })),
        latest: null,
        ahead: null,
      });
    case "removed":
      return { ...next, ended: "removed" };
    // Nothing that this volunteer could do by itself would change these [V19].
    case "protocol-version":
    case "wrong-run":
    case "unknown-source":
    case "cannot-take-part":
    case "wrong-rows":
    // It needs another invitation [V37].
    case "needs-code":
    case "code-spent":
      return { ...next, ended: "refused" };
    // It is not a failure, and no refusal of what this volunteer did [V22].
    case "not-approved":
      return succeeded({ ...session, awaitsApproval: true }, "line");
    // The evaluation was of a body that is gone, or is not believed: nothing to report any more.
    case "wrong-body":
    case "implausible":
      return { ...next, reported: true };
    // All others pass, or are the host's to mend: it is tried again.
    default:
      return evolve(next, { kind: "failed", lane: "line", message: reason }, now);
  }
}
