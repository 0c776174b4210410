// The coordinator's state: small enough to print, and in each phase only what exists in it.
//
// A run has one state, which evolve changes in place [C1]; to all others it is to be read, and is what it is now.

import type { Millis, Sha256, SourceId, VolunteerId } from "@homebody/base";
import type { BodyRef, RunManifest, SectionFile } from "@homebody/protocol";
import type { Assigned, CloseReason, Fact } from "./facts.ts";

export type AcceptedDelta = Extract<Fact, { kind: "accepted" }>;

export type Phase =
  | { readonly kind: "gathering"; readonly round: number } // the one that opens next
  | {
      readonly kind: "training";
      readonly round: number;
      readonly assigned: ReadonlyMap<VolunteerId, Assigned>;
      readonly pending: ReadonlySet<VolunteerId>; // assigned, neither heard nor gone for good
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
      readonly reason: CloseReason;
      /** In the order in which they are averaged. */
      readonly accepted: readonly AcceptedDelta[];
      readonly averaged: readonly VolunteerId[];
    }
  | {
      readonly kind: "evaluating"; // the last body
      readonly pending: ReadonlySet<VolunteerId>;
      readonly deadline: Millis;
    }
  | { readonly kind: "finished"; readonly reason: "rounds" | "admin" };

/** A volunteer that is here and ready to train: told by the shell, not by the journal. */
export interface Ready {
  readonly source: SourceId;
  /** The row map that it declared; null where there is none to declare. */
  readonly rows: Sha256 | null;
}

/**
 * Who is ready now. The shell keeps it as volunteers come, get ready, go and are removed; the core counts it whenever it
 * likes, and walks over it only where a round opens or the last evaluation begins.
 */
export type ReadyVolunteers = ReadonlyMap<VolunteerId, Ready>;

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
  readonly stepsDone: number;
  /** How often the round that is open or opens next has lapsed. */
  readonly lapses: number;
  readonly removed: ReadonlySet<VolunteerId>;
  /** Whose deltas are in the current body, and who did not leave since. */
  readonly contributors: ReadonlySet<VolunteerId>;
  /** Volunteers that evaluated the current body. */
  readonly evaluated: ReadonlySet<VolunteerId>;
  readonly lastAt: Millis;
}
