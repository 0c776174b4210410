// The coordinator's state: small enough to print, and in each phase only what exists in it.

import type { Millis, Sha256, SourceId, VolunteerId } from "@homebody/base";
import type { RunManifest } from "@homebody/protocol";
import type { Assigned, CloseReason, Fact } from "./facts.ts";

export type AcceptedDelta = Extract<Fact, { kind: "accepted" }>;

export interface Body {
  readonly number: number;
  readonly sha256: Sha256;
  readonly sizeBytes: number;
}

export type Phase =
  | { readonly kind: "gathering"; readonly round: number } // the one that opens next
  | {
      readonly kind: "training";
      readonly round: number;
      readonly assigned: readonly Assigned[];
      readonly pending: ReadonlySet<VolunteerId>; // assigned, neither heard nor gone for good
      readonly accepted: readonly AcceptedDelta[];
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
      readonly accepted: readonly AcceptedDelta[];
      readonly averaged: readonly VolunteerId[];
    }
  | {
      readonly kind: "evaluating"; // the last body
      readonly pending: ReadonlySet<VolunteerId>;
      readonly deadline: Millis;
    }
  | { readonly kind: "finished"; readonly reason: "rounds" | "admin" };

/** A volunteer that is here now: told by the shell, not by the journal. */
export interface Present {
  readonly volunteer: VolunteerId;
  readonly source: SourceId;
  readonly ready: boolean;
}

/** The fold over facts. */
export interface RunState {
  readonly manifest: RunManifest;
  readonly phase: Phase;
  readonly paused: boolean;
  /** When the pause began; null when not paused. */
  readonly pausedAt: Millis | null;
  /** The admin has ended the run: no further round opens. */
  readonly ending: boolean;
  readonly body: Body;
  /** State of the outer optimiser, by content. */
  readonly outer: Sha256 | null;
  readonly stepsDone: number;
  readonly removed: ReadonlySet<VolunteerId>;
  /** Whose deltas are in the current body, and who did not leave since. */
  readonly contributors: ReadonlySet<VolunteerId>;
  /** Volunteers that evaluated the current body. */
  readonly evaluated: ReadonlySet<VolunteerId>;
  readonly lastAt: Millis;
}
