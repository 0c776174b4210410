// The coordinator's state: small enough to print, and in each phase only what exists in it.
//
// A run has one state, which evolve changes in place [C1]; to all others it is to be read, and is what it is now.

import type { Millis, Sha256, SourceId, VolunteerId } from "@homebody/base";
import type { BodyRef, Evaluation, HeldRun, RunManifest, SectionFile } from "@homebody/protocol";
import type { Assigned, CloseReason, Fact } from "./facts.ts";

export type AcceptedDelta = Extract<Fact, { kind: "accepted" }>;

export type Phase =
  | { readonly kind: "gathering"; readonly round: number } // the one that opens next
  | {
      readonly kind: "training";
      readonly round: number;
      readonly assigned: ReadonlyMap<VolunteerId, Assigned>;
      readonly pending: ReadonlySet<VolunteerId>; // assigned, waited for [C36], neither heard nor gone for good
      readonly accepted: ReadonlyMap<VolunteerId, AcceptedDelta>;
      readonly localSteps: number;
      readonly stepsBefore: number;
      readonly totalSteps: number;
      readonly deadline: Millis;
      /** When the quorum was reached. */
      readonly quorumAt: Millis | null;
    }
  | {
      readonly kind: "closing"; // its deltas are being averaged
      readonly round: number;
      readonly reason: CloseReason | "undo";
      readonly stepsBefore: number;
      /** What its deltas are added to. */
      readonly from: Beginning;
      /** In the order in which they are averaged. */
      readonly accepted: readonly AcceptedDelta[];
      readonly averaged: readonly VolunteerId[];
      /** Deltas that are in and are not averaged [C93]: they are reviewed. */
      readonly beside: readonly AcceptedDelta[];
    }
  | {
      readonly kind: "evaluating"; // the last body
      readonly pending: ReadonlySet<VolunteerId>;
      readonly deadline: Millis;
    }
  | { readonly kind: "finished"; readonly reason: "rounds" | "admin" };

/** What an outer step begins from: the sections of a body, and what outer optimisers keep beside it. */
export interface Beginning {
  readonly sections: readonly SectionFile[];
  readonly outer: readonly SectionFile[];
}

/** A body that can be published again [C28]. */
export interface PastBody extends Beginning {
  readonly number: number;
  /** What it was made of; null where there were no deltas, or they are kept no more. */
  readonly made: { readonly from: Beginning; readonly deltas: readonly AcceptedDelta[] } | null;
}

/** What a volunteer measured last [C27]. */
export interface Score {
  readonly source: SourceId;
  readonly body: number;
  /** Bits per byte, of all that it measured since the run was last let go on. */
  readonly best: number;
  /** Whether its last one was much worse than the best before. */
  readonly isWorse: boolean;
}

/** A delta of the last round, and who is to measure it [C89]. */
export interface Review {
  readonly round: number;
  readonly source: SourceId;
  /** Whose delta it is. */
  readonly volunteer: VolunteerId;
  readonly delta: Sha256;
  readonly sizeBytes: number;
  /** The id of the body that it started from. */
  readonly from: Sha256;
  /** Of the delta, so much is added to that body. */
  readonly share: number;
}

/** What peers found of a volunteer's deltas of late. */
export interface Harm {
  /** Who found them harmful, in a row, each once; no more than it takes for a quarantine. */
  readonly by: readonly VolunteerId[];
  readonly quarantined: boolean;
  /** The last round in which any of this changed. */
  readonly round: number;
}

/** A volunteer that is here and ready to train: told by the shell, not by the journal. */
export interface Ready {
  readonly source: SourceId;
  /** The row map that it declared; null where there is none to declare. */
  readonly rows: Sha256 | null;
  /** The last evaluation that it reported: a fact once a round counts on it [C33]. */
  readonly scored?: Scored | undefined;
}

/** An evaluation, as a volunteer reports it. */
export interface Scored extends Evaluation {
  /** Of its held-out text, as it said when it came [P29]. */
  readonly heldOutBytes?: number | undefined;
}

/** What is remembered of a volunteer from round to round; of another source it begins anew. */
export interface Standing {
  readonly source: SourceId;
  /** Rounds in which its deltas counted, up to `newcomerRounds` [C38]. */
  readonly counted: number;
  /** Rounds in a row whose deadline it missed [C36]. */
  readonly missed: number;
  /** UTF-8 bytes of its first evaluation; null before one [C39]. */
  readonly scoredBytes: number | null;
  /** Of the last delta of its that was accepted, of whichever source; null before one [C61]. */
  readonly deliveredRound: number | null;
  /** The last round in which any of this changed. */
  readonly round: number;
}

/**
 * Who is ready now. The shell keeps it as volunteers come, get ready, go and are removed; the core counts it whenever it
 * likes, and walks over it only where a round opens or the last evaluation begins.
 */
export type ReadyVolunteers = ReadonlyMap<VolunteerId, Ready>;

/** A code that may still be used. */
export interface OpenCode {
  readonly source: SourceId;
  /** Volunteers that it lets in yet. */
  readonly uses: number;
}

/** By which code a volunteer was let into a source; null: the host approved it. */
export type AdmittedTo = Pick<Extract<Fact, { kind: "admitted" }>, "source" | "code">;

export type JoiningSource = Pick<Extract<Fact, { kind: "source-added" }>, "source" | "sections">;

/** The fold over facts. */
export interface RunState {
  readonly manifest: RunManifest;
  /** Sources that take part from the next body on [C21]. */
  readonly joining: readonly JoiningSource[];
  readonly phase: Phase;
  readonly paused: boolean;
  /** When the pause began; null when not paused. */
  readonly pausedAt: Millis | null;
  /** The admin has ended the run: no further round opens. */
  readonly ending: boolean;
  readonly body: BodyRef;
  /** What the outer optimisers keep, by section and content. */
  readonly outer: readonly SectionFile[];
  /** Bodies that can be published again, the current one last. */
  readonly past: readonly PastBody[];
  /** The run waits for its host, and is paused: the body that made it, and the sources that found it worse. */
  readonly held: HeldRun | null;
  /** Of those who measured one of the last bodies. */
  readonly scores: ReadonlyMap<VolunteerId, Score>;
  /** Of the last round, those that are not made yet, by reviewer. */
  readonly reviews: ReadonlyMap<VolunteerId, Review>;
  /** Of those whose last reviewed delta was harmful, and of those in quarantine. */
  readonly harms: ReadonlyMap<VolunteerId, Harm>;
  /** The body that came of the host's last going back [C28]; 0 where there is none. */
  readonly backAt: number;
  readonly stepsDone: number;
  /** The most steps in all that a round was opened with: the host may have more or fewer rounds later. */
  readonly longestSchedule: number;
  /** Whose delta of the round that is open, closing or opens next was dropped [C44]. */
  readonly dropped: ReadonlySet<VolunteerId>;
  /** How often the round that is open or opens next has lapsed. */
  readonly lapses: number;
  /** When the last round opened; null before the first. */
  readonly openedAt: Millis | null;
  /** Who is assigned to the open round, or was to the last one. */
  readonly lastAssigned: ReadonlySet<VolunteerId>;
  readonly standings: ReadonlyMap<VolunteerId, Standing>;
  /** Hashes of the numbers of deltas that were accepted of late, with their round [C37]. */
  readonly lateNumbers: ReadonlyMap<Sha256, number>;
  readonly removed: ReadonlySet<VolunteerId>;
  /** By their hash; those that are spent are forgotten [C51]. */
  readonly openCodes: ReadonlyMap<Sha256, OpenCode>;
  /** Who was let into sources that are not open [C50]. */
  readonly admitted: ReadonlyMap<VolunteerId, readonly AdmittedTo[]>;
  /** Whose deltas are in the current body, and who did not leave since. */
  readonly contributors: ReadonlySet<VolunteerId>;
  /** Volunteers that evaluated the current body. */
  readonly evaluated: ReadonlySet<VolunteerId>;
  readonly lastAt: Millis;
}
