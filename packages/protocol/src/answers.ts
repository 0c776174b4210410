// What comes down from the coordinator: answers, announcements, what watchers get. Checked on arrival, as what goes up is;
// fields that are not known are left unread [P22].

import {
  InputError,
  type Millis,
  type Sha256,
  type SourceId,
  type UploadId,
  type VolunteerId,
} from "@homebody/base";
import { z } from "zod";
import type { BodyRef } from "./body.ts";
import { type Check, checked, shown } from "./check.ts";
import { finite, sectionName, sha, source, upload, volunteer, whole } from "./fields.ts";
import { type DeviceKind, device, type Progress, progress } from "./messages.ts";
import { isRefusal, type Refusal } from "./refusals.ts";
import { mostSources } from "./run-file-shape.ts";

/** What the coordinator answers to every message but progress. */
export type Reply<T = object> =
  | ({ readonly ok: true } & T)
  | { readonly ok: false; readonly refusal: Refusal };

export interface Welcome {
  readonly volunteer: VolunteerId;
  readonly announcement: Announcement;
}

export interface UploadOpened {
  readonly upload: UploadId;
  /** Bytes that the coordinator already has: the upload goes on from here. */
  readonly offset: number;
  /** The delta is in: there is nothing left to send. */
  readonly accepted: boolean;
}

export interface ChunkTaken {
  /** Bytes that the coordinator has now. */
  readonly offset: number;
}

/** A body that these sources find much worse than what they had. */
export interface HeldRun {
  readonly body: number;
  readonly sources: readonly SourceId[];
}

/** What the coordinator says of the run, to each volunteer, at every change and after each hello. */
export type Announcement = {
  readonly paused: boolean;
  /** The run holds itself, and waits for its host; `paused` is true then. */
  readonly held?: HeldRun | undefined;
  readonly body: BodyRef;
  /** How far apart words of progress should be; 1 where it is not said. */
  readonly progressSeconds?: number | undefined;
  /** A peer's delta that this volunteer is asked to measure [P70]. */
  readonly review?: ReviewOrder | undefined;
  /** Its own deltas do not count at present: its peers found that they make the body worse. */
  readonly quarantined?: true | undefined;
} & (
  | { readonly kind: "gathering"; readonly round: number; readonly ready: number; readonly minimum: number }
  | {
      readonly kind: "training";
      readonly round: number;
      /** That a volunteer makes in this round; where it has a time box, at most. */
      readonly localSteps: number;
      /** Until the time box of this round is over; not there where it has none. */
      readonly boxMs?: number | undefined;
      /** Steps of the run before this round: with the local step it sets the learning rate. */
      readonly stepsBefore: number;
      readonly totalSteps: number;
      readonly remainingMs: number;
      /** Null: this volunteer waits for the next round. */
      readonly assignment: Assignment | null;
      readonly accepted: boolean;
      readonly lost?: Lost | undefined;
      /** Where the run is eager. */
      readonly eager?: EagerRound | undefined;
    }
  | { readonly kind: "closing"; readonly round: number; readonly lost?: Lost | undefined }
  | { readonly kind: "evaluating"; readonly remainingMs: number; readonly evaluated: boolean }
  | { readonly kind: "finished"; readonly rounds: number }
);

/** A delta at `/deltas/<delta>`; of it `share` is added to the body that it started from, which its reviewer has had. */
export interface ReviewOrder {
  readonly delta: Sha256;
  readonly sizeBytes: number;
  /** The id of that body. */
  readonly from: Sha256;
  readonly share: number;
}

/**
 * This volunteer's delta of the round was accepted, and then lost by the coordinator's disk: it is not averaged. While the round
 * is open it may be made again, once.
 */
export type Lost = true;

/** What a volunteer that trains ahead of bodies has to know of a round [P64]. */
export interface EagerRound {
  /** The oldest body that a delta of the round may start from. */
  readonly oldest: number;
  /** Of so many sources somebody was assigned. */
  readonly sources: number;
}

export interface Assignment {
  readonly slot: number;
  readonly slots: number;
}

export interface Watching {
  /** The last entry of the journal now. A watcher that is far behind reads up to it by HTTP. */
  readonly last: number;
}

/** Why a connection will not be used again by itself [P5] [C17]. */
export interface Removed {
  readonly reason: "replaced" | "removed";
}

/** A volunteer that waits for the host to let it into a source. */
export interface Applicant {
  readonly volunteer: VolunteerId;
  readonly source: SourceId;
  readonly device: DeviceKind;
  /** When it first asked. */
  readonly since: Millis;
}

export interface Applicants {
  readonly applicants: readonly Applicant[];
}

/** A volunteer as the dashboard sees it now; presence is never in the journal. */
export interface Presence {
  readonly volunteer: VolunteerId;
  readonly source: SourceId;
  readonly device: DeviceKind;
  readonly connected: boolean;
  readonly ready: boolean;
  readonly progress: Progress | null;
  readonly lastSeenAt: Millis;
}

/** Live to watchers, about once a second; may be lost. */
export interface PresenceReport {
  readonly at: Millis;
  /** The first of them, those who are connected before all others; `counts` has all. */
  readonly volunteers: readonly Presence[];
  /** Of all volunteers that are known, and of those who are connected by source. */
  readonly counts?:
    | { readonly all: number; readonly connected: Readonly<Record<SourceId, number>> }
    | undefined;
  readonly refusals: Readonly<Partial<Record<Refusal, number>>>;
}

/** Theta, and words of each source that a run may have. */
const mostSections = 1 + 2 * mostSources;
/** Together they are smaller than the section; one of 4 bits takes more than an eighth of it. */
const mostStepsOfSection = 8;

const sectionFile = z.object({ name: sectionName, sha256: sha, sizeBytes: whole() });
const bodyRef = z.object({
  number: whole(),
  id: sha,
  sections: z.array(sectionFile).min(1).max(mostSections),
  steps: z
    .array(sectionFile.extend({ from: sha, body: whole() }))
    .max(mostSections * mostStepsOfSection)
    .optional(),
});
const held = z.object({ body: whole(), sources: z.array(source).max(mostSources) }).optional();
const lost = z.literal(true).optional();
const progressSeconds = finite.min(1).max(3600).optional();
const review = z
  .object({
    delta: sha,
    sizeBytes: whole(2 ** 40),
    from: sha,
    share: finite.gt(0).max(1),
  })
  .optional();
const quarantined = z.literal(true).optional();
const ofEvery = { paused: z.boolean(), held, body: bodyRef, progressSeconds, review, quarantined };
const announcement = z.discriminatedUnion("kind", [
  z.object({ ...ofEvery, kind: z.literal("gathering"), round: whole(), ready: whole(), minimum: whole() }),
  z.object({
    ...ofEvery,
    kind: z.literal("training"),
    round: whole(),
    localSteps: whole().min(1),
    boxMs: finite.min(0).optional(),
    stepsBefore: whole(),
    totalSteps: whole(),
    remainingMs: finite.min(0),
    assignment: z.object({ slot: whole(), slots: whole().min(1) }).nullable(),
    accepted: z.boolean(),
    lost,
    eager: z.object({ oldest: whole(), sources: whole().min(1) }).optional(),
  }),
  z.object({ ...ofEvery, kind: z.literal("closing"), round: whole(), lost }),
  z.object({ ...ofEvery, kind: z.literal("evaluating"), remainingMs: finite.min(0), evaluated: z.boolean() }),
  z.object({ ...ofEvery, kind: z.literal("finished"), rounds: whole() }),
]);
const counts = z
  .record(z.string(), whole())
  .transform((all) => Object.fromEntries(Object.entries(all).filter(([refusal]) => isRefusal(refusal))));

export const checkAnnouncement: Check<Announcement> = checked(announcement, "announcement");
export const checkWelcome: Check<Welcome> = checked(z.object({ volunteer, announcement }), "welcome");
export const checkUploadOpened: Check<UploadOpened> = checked(
  z.object({ upload, offset: whole(), accepted: z.boolean() }),
  "opened",
);
export const checkChunkTaken: Check<ChunkTaken> = checked(z.object({ offset: whole() }), "chunk taken");
/** Of a request whose answer says no more than that it was carried out. */
export const checkDone: Check<object> = checked(z.object({}), "done");
export const checkRemoved: Check<Removed> = checked(
  z.object({ reason: z.enum(["replaced", "removed"]) }),
  "removed",
);
export const checkWatching: Check<Watching> = checked(z.object({ last: whole() }), "watching");
export const checkPresenceReport: Check<PresenceReport> = checked(
  z.object({
    at: finite as unknown as z.ZodType<Millis>,
    volunteers: z.array(
      z.object({
        volunteer,
        source,
        device,
        connected: z.boolean(),
        ready: z.boolean(),
        progress: progress.nullable(),
        lastSeenAt: finite as unknown as z.ZodType<Millis>,
      }),
    ),
    counts: z.object({ all: whole(), connected: z.record(source, whole()) }).optional(),
    refusals: counts as unknown as z.ZodType<PresenceReport["refusals"]>,
  }),
  "presence",
);

export const checkApplicants: Check<Applicants> = checked(
  z.object({
    applicants: z.array(
      z.object({ volunteer, source, device, since: finite as unknown as z.ZodType<Millis> }),
    ),
  }),
  "applicants",
);

/** A page of the journal: entries are read by packages/coordinator, which knows facts. */
export interface UnreadPage {
  readonly entries: readonly unknown[];
  readonly last: number;
}
const unreadEntries = z.array(z.unknown());
export const checkUnreadEntries: Check<readonly unknown[]> = checked(unreadEntries, "entries");
export const checkJournalPage: Check<UnreadPage> = checked(
  z.object({ entries: unreadEntries, last: whole() }),
  "journal page",
);

/** An answer in the form that the protocol gives it; its own fields are checked too. Throws an InputError. */
export function checkReply<T extends object>(reply: unknown, check: Check<T>, where: string): Reply<T> {
  const { ok, refusal } = (typeof reply === "object" && reply !== null ? reply : {}) as Record<
    string,
    unknown
  >;
  if (ok === true) return { ok, ...check(reply, where) };
  if (ok === false && isRefusal(refusal)) return { ok, refusal };
  throw new InputError(where, "an answer of the protocol", shown(reply));
}
