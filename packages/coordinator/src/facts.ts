// Facts: all that the journal ever holds. What happened, never what somebody wants or where somebody is.
//
// State is a fold over facts (evolve.ts), and so is every figure on the dashboard (figures.ts). A fact is
// public: it has no secret and no text of a volunteer. Presence and progress are not facts.

import type { Millis, Sha256, SourceId, VolunteerId } from "@homebody/base";
import type { ParameterCounts } from "@homebody/dept";
import type {
  ManifestSource,
  OfferedCode,
  PassedBytes,
  RunManifest,
  SectionFile,
  SectionSize,
  StepFile,
} from "@homebody/protocol";

export interface Assigned {
  readonly volunteer: VolunteerId;
  readonly source: SourceId;
  readonly slot: number;
  readonly slots: number;
  /** The row map of this device, where rows are a matter of the text: a bitmap in the blobs. */
  readonly rows: Sha256 | null;
}

/** What became of a delta on the coordinator's disk. */
export type DropReason = "missing" | "damaged";

/** Why a round closed. */
export type CloseReason = "all" | "quorum" | "deadline" | "admin";

export type Fact =
  | {
      readonly kind: "created";
      /** The version of the run file's shape that the manifest was made by. */
      readonly schema: number;
      /** The version of Homebody that created the run. */
      readonly homebody: string;
      readonly manifest: RunManifest;
      readonly parameters: ParameterCounts;
      /** Body 0, by the run's seed or of the model that it starts from, in the exchange's order. */
      readonly sections: readonly SectionFile[];
    }
  | {
      readonly kind: "opened";
      readonly round: number; // from 1; round r trains from body r - 1
      readonly assigned: readonly Assigned[];
      readonly localSteps: number;
      readonly stepsBefore: number;
      readonly totalSteps: number;
      readonly deadline: Millis;
    }
  | {
      readonly kind: "accepted";
      readonly round: number;
      readonly volunteer: VolunteerId;
      readonly source: SourceId;
      readonly delta: Sha256;
      /** The bytes of its sections, in the exchange's order. */
      readonly sections: readonly SectionSize[];
      /** The row map of the device that made it. */
      readonly rows: Sha256 | null;
      readonly steps: number;
      /** The volunteer's claim, never above the round's budget. */
      readonly tokens: number;
      readonly loss: number;
      /** The body that it starts from, where it is not that of the round [C82]. */
      readonly body?: number | undefined;
      readonly norm: number;
      /** Hash of its numbers, whatever bytes they came in; null in journals that do not have it. */
      readonly numbers: Sha256 | null;
      /** What it weighs beside others of its source: which of its sender's deltas this is, from 1 to `newcomerRounds`. */
      readonly seniority: number;
      /** At its sender's socket since its last delta that was accepted, as it says; not there where it does not. */
      readonly passed?: PassedBytes | undefined;
      /** The round whose residual it may carry: that of its sender's delta before; null where it carries none [C61]. */
      readonly carriesFrom: number | null;
    }
  | {
      readonly kind: "evaluated";
      readonly body: number;
      readonly volunteer: VolunteerId;
      readonly source: SourceId;
      readonly nats: number;
      readonly tokens: number;
      readonly bytes: number;
    }
  | {
      readonly kind: "closed";
      readonly round: number;
      readonly reason: CloseReason;
      /** Whose deltas are averaged, in the order in which they are: by source, then volunteer. */
      readonly averaged: readonly VolunteerId[];
      /** Whose deltas are in and do not count, since they are in quarantine [C93]; not there where nobody is. */
      readonly quarantined?: readonly VolunteerId[] | undefined;
    }
  /** An accepted delta of the round that is open or closing cannot be read any more: it is not averaged [C44]. */
  | {
      readonly kind: "dropped";
      readonly round: number;
      readonly volunteer: VolunteerId;
      readonly reason: DropReason;
    }
  | {
      readonly kind: "published";
      readonly round: number;
      /** Of the body whose number is the round, in the exchange's order. */
      readonly sections: readonly SectionFile[];
      /** What outer optimisers keep after this step, and what steps leave out, of those sections where there is anything. */
      readonly outer: readonly SectionFile[];
      /** The outer steps that made these sections; not there where they travel as whole sections. */
      readonly steps?: readonly StepFile[] | undefined;
      /**
       * Of each averaged delta to what the body takes, and to what the others make of the weighted mean [C71]; null where it is alone,
       * and in journals that do not have it.
       */
      readonly cosines: readonly {
        readonly volunteer: VolunteerId;
        readonly cosine: number;
        readonly others: number | null;
      }[];
      /** Deltas that were longer than the run lets count: of each the norm of what counts over that of the whole [C26]. */
      readonly clipped: readonly { readonly volunteer: VolunteerId; readonly kept: number }[];
      readonly meanNorm: number;
      /** Bytes of bodies served to volunteers since the last publication. */
      readonly servedBytes: number;
    }
  /** A volunteer measured a peer's delta of the last round on its held-out text, as it was drawn to [C89]. */
  | {
      readonly kind: "reviewed";
      readonly round: number;
      /** Whose delta it is. */
      readonly volunteer: VolunteerId;
      readonly source: SourceId;
      readonly reviewer: VolunteerId;
      /** The reviewer's claim: sums of -ln p of the body that the delta started from, without and with a share of it. */
      readonly natsWithout: number;
      readonly natsWith: number;
      readonly bytes: number;
      /** Whether it makes the body worse by more than the run's tolerance. */
      readonly harmful: boolean;
    }
  /** So many peers in a row found a volunteer's deltas harmful: from now on they are in, and do not count [C92]. */
  | {
      readonly kind: "quarantined";
      readonly volunteer: VolunteerId;
      readonly source: SourceId;
      readonly round: number;
      readonly reviewers: readonly VolunteerId[];
    }
  /** A peer found a delta of a quarantined volunteer to do no harm: from now on its deltas count again [C94]. */
  | {
      readonly kind: "cleared";
      readonly volunteer: VolunteerId;
      readonly source: SourceId;
      readonly round: number;
      readonly reviewer: VolunteerId;
    }
  /** Nobody is left who could deliver, or time is up, and there is no delta: the same round opens again. */
  | { readonly kind: "lapsed"; readonly round: number }
  /** Somebody whom the open round or the last evaluation waited for left for good. */
  | { readonly kind: "left"; readonly volunteer: VolunteerId }
  /** So many volunteers of these sources found the body much worse than what they had that the run waits for its host [C27]. */
  | { readonly kind: "held"; readonly body: number; readonly sources: readonly SourceId[] }
  /** The host goes back to a body [C28]; the round that was open is over. */
  | {
      readonly kind: "undone";
      /** The number of the body that comes of it. */
      readonly round: number;
      readonly to: number;
      /** Whose deltas in that body are left out; nobody: it is published as it was. */
      readonly without: readonly VolunteerId[];
      /** Whose deltas of it are averaged anew, in the order in which they are. */
      readonly averaged: readonly VolunteerId[];
    }
  /** The host's invitations to a source: each code lets in so many volunteers. */
  | { readonly kind: "invited"; readonly source: SourceId; readonly codes: readonly OfferedCode[] }
  /** From now on this volunteer is let into this source, which is not open. */
  | {
      readonly kind: "admitted";
      readonly volunteer: VolunteerId;
      readonly source: SourceId;
      /** Hash of the code that it came with; null where the host approved it. */
      readonly code: Sha256 | null;
    }
  /** The admin ends the run: no further round opens. */
  | { readonly kind: "ending" }
  | { readonly kind: "evaluating"; readonly expected: readonly VolunteerId[]; readonly deadline: Millis }
  | { readonly kind: "finished"; readonly reason: "rounds" | "admin" }
  /** The coordinator came back: deadlines moved by the time in which it was down. */
  | { readonly kind: "restarted"; readonly deadline: Millis | null }
  /** Another source takes part from now on; where its words are a section of the body, from the next body on. */
  | {
      readonly kind: "source-added";
      /** As in `created`. */
      readonly schema: number;
      readonly source: ManifestSource;
      /** Parameters of its phi. */
      readonly phi: number;
      /** Its own sections as they begin; none where its words stay on devices, or all share them. */
      readonly sections: readonly SectionFile[];
    }
  /** Only what may change in a run; `schema` as in `created`. */
  | { readonly kind: "changed"; readonly schema: number; readonly manifest: RunManifest }
  /** The run goes on after its end: it has more rounds now. */
  | { readonly kind: "reopened" }
  | { readonly kind: "paused" }
  | { readonly kind: "resumed"; readonly deadline: Millis | null }
  | { readonly kind: "removed"; readonly volunteer: VolunteerId }
  /** A removal was taken back. */
  | { readonly kind: "restored"; readonly volunteer: VolunteerId };

/** A fact with its place and time in the journal, as the dashboard gets it. */
export interface Entry {
  readonly seq: number; // from 1
  readonly at: Millis;
  readonly fact: Fact;
}
