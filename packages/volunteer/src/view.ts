// What a volunteer's screen shows, and what it may ask for: the only language between the page and the worker
// (and between the headless volunteer and its progress line).
//
// The worker owns all state and posts a whole View whenever something changed, at most ten times a second.
// Views are plain data. Times are the volunteer's own clock.

import type { Millis, RunId, Sha256, SourceId, VolunteerId } from "@homebody/base";
import type { GroupName, HeldRun, Invitation, Refusal, RunManifest } from "@homebody/protocol";

export type Intensity = "quiet" | "balanced" | "full";
/** The share of time in which the device computes. */
export const dutyCycle: Readonly<Record<Intensity, number>> = { quiet: 0.25, balanced: 0.6, full: 1 };

export interface DeviceCheck {
  readonly backend: "webgpu" | "wasm";
  readonly adapter: string;
  /** Relative error of the self-test against known numbers. */
  readonly worstError: number;
  /** Why the better backend is not used: in plain words, null if it is. */
  readonly fallback: string | null;
  /** Cores that compute, where it is not a graphics processor. */
  readonly threads: number;
  /** How kernels are laid out for this adapter, as measured at the first start; null where there is one way. */
  readonly tuning: { readonly matmul: string; readonly rows: string; readonly gflops: number } | null;
  readonly tokensPerSecond: number | null; // as measured so far
  readonly memoryBytes: number; // what training will take, estimated
}

/** Something that takes long: how far it is. Counts are of `unit`. */
export interface Task {
  readonly kind:
    | "check-device"
    | "download-text"
    | "read-text"
    | "train-vocabulary"
    | "pack-text"
    | "download-body"
    | "download-delta"
    | "fit"
    | "evaluate"
    | "review"
    | "report"
    | "train"
    | "encode"
    | "send"
    | "save";
  readonly done: number;
  readonly of: number;
  readonly unit: "bytes" | "characters" | "words" | "merges" | "files" | "batches" | "steps";
  readonly startedAt: Millis;
}

/** Why nothing is computed right now, when a volunteer contributes. */
export type Waiting =
  | { readonly for: "connection"; readonly since: Millis }
  /** The host has not let it in yet; it knows this device by its id. */
  | { readonly for: "approval"; readonly volunteer: VolunteerId; readonly since: Millis }
  | { readonly for: "volunteers"; readonly ready: number; readonly minimum: number; readonly since: Millis }
  | { readonly for: "next-round"; readonly since: Millis; readonly until: Millis | null }
  | { readonly for: "others"; readonly since: Millis; readonly until: Millis | null } // delta is in, the round goes on
  | { readonly for: "coordinator"; readonly since: Millis } // it averages
  /** For the hours that it was given; `opensAt` as the wall clock shows it: 22:30. */
  | { readonly for: "hours"; readonly since: Millis; readonly opensAt: string }
  /** The run is paused; or it holds itself, and waits for the host. */
  | { readonly for: "host"; readonly since: Millis; readonly held: HeldRun | null };

export type Activity =
  | { readonly kind: "idle" } // nothing was started
  | { readonly kind: "working"; readonly task: Task }
  | { readonly kind: "waiting"; readonly waiting: Waiting }
  | { readonly kind: "paused" } // by the volunteer
  | { readonly kind: "elsewhere" } // another tab of this browser contributes
  | { readonly kind: "finished" } // the run is over
  | { readonly kind: "stopped"; readonly why: "asked" | "removed" | "replaced" | "refused" }
  | { readonly kind: "unusable"; readonly message: string } // the text that was brought; final
  | { readonly kind: "failed"; readonly message: string; readonly retryAt: Millis | null };

/**
 * Bytes that passed, by what they were: of deltas and bodies by the group of parameters, so that what stays home is counted
 * and not assumed. A tokenizer counts among texts.
 */
export interface Ledger {
  readonly sent: Readonly<Record<GroupName | "messages", number>>;
  readonly received: Readonly<Record<GroupName | "texts" | "messages", number>>;
}

export const roundStages = ["get", "train", "send", "wait"] as const;
/** Get the body, train, send what training changed, wait for the others. */
export type RoundStage = (typeof roundStages)[number];

export interface RoundView {
  readonly round: number;
  /** That this device makes in it; with a time box as many as it has time for, by its speed. */
  readonly localSteps: number;
  /** What this device has reached in it, also while nothing is computed. */
  readonly stage: RoundStage;
  readonly step: number;
  /** Null while the run is paused, and before the round opens (V54). */
  readonly deadline: Millis | null;
}

/** The line to the coordinator: not up yet; up; nothing comes on it any more [V30]; lost, and tried again by itself [V13]. */
export interface LineView {
  readonly kind: "connecting" | "up" | "silent" | "lost";
  readonly since: Millis;
}

export interface ScorePoint {
  readonly body: number;
  readonly bitsPerByte: number;
  readonly at: Millis;
}

export interface LossPoint {
  /** Of the run; where rounds have a time box, of this device, which may make more or fewer than a round is of the run. */
  readonly step: number;
  /** Training loss, in bits a byte of this source's text (estimated from bytes a token). */
  readonly bitsPerByte: number;
}

export interface View {
  readonly run: RunId | null;
  readonly volunteer: VolunteerId | null;
  readonly source: SourceId | null;
  /** Null before there is one. */
  readonly line: LineView | null;
  readonly device: DeviceCheck | null;
  readonly activity: Activity;
  readonly round: RoundView | null;
  readonly body: { readonly number: number; readonly id: Sha256 } | null;
  readonly intensity: Intensity;
  /** Stops by itself once this round's delta is in. */
  readonly finishing: boolean;
  /** Held-out bits per byte of each body, with this device's own embeddings. */
  readonly scores: readonly ScorePoint[];
  readonly losses: readonly LossPoint[];
  readonly tokensPerSecond: number | null;
  readonly roundsContributed: number;
  readonly tokensTrained: number;
  readonly vocabulary: {
    readonly size: number;
    /** Of the parameters that stay at home. */
    readonly embeddingBytes: number;
    readonly textBytes: number;
    /** A few words of held-out text: a prompt in its language. */
    readonly opening: string;
  } | null;
  readonly ledger: Ledger;
  /** Peers found that what it sent makes the body worse: it does not count at present. */
  readonly quarantined: boolean;
  /** The latest refusal: protocol's refusalSentences has the sentence. */
  readonly refusal: { readonly reason: Refusal; readonly at: Millis } | null;
  readonly sampling: SampleView | null;
}

/** For the volunteer, why its work does not count. */
export const quarantineSentence =
  "What this device sends does not count at present: other volunteers of this source measured it, one after another, and the model " +
  "got worse by it. It goes on being measured, and counts again once it does no harm. If you do not know why, reload the page or " +
  "start this device anew.";

export interface SampleView {
  readonly prompt: string;
  /** The text so far, after the prompt. */
  readonly text: string;
  readonly done: boolean;
  readonly body: number;
  /** The same prompt with the first body this device had, for "before and now"; null where that is not kept. */
  readonly before: string | null;
}

export type Command =
  | { readonly kind: "check-device" }
  /** To be kept until it is used: of the run's invitations the latest. */
  | { readonly kind: "invited"; readonly run: RunId; readonly invitation: Invitation }
  | {
      readonly kind: "contribute";
      readonly manifest: RunManifest;
      readonly source: SourceId;
      /** Only for sources whose text is brought; read in the worker, stays on this device. */
      readonly files: readonly File[] | null;
    }
  | { readonly kind: "pause" }
  | { readonly kind: "resume" }
  | { readonly kind: "intensity"; readonly intensity: Intensity }
  | { readonly kind: "take-over" } // from the tab that contributes: it hands over to this one
  | { readonly kind: "finish" } // finish this round and stop
  | { readonly kind: "cancel" } // of preparation: vocabulary, packing
  | { readonly kind: "forget" } // leave, and delete everything of this run on this device
  | { readonly kind: "sample"; readonly prompt: string; readonly tokens: number }
  | { readonly kind: "stop-sample" };

/** What this device already has of a run, so that a reload goes on without asking. */
export interface Remembered {
  readonly run: RunId;
  readonly source: SourceId;
  readonly contributing: boolean;
  /** Whether the text of this source is there, prepared. */
  readonly hasText: boolean;
  /** Whether there is a model of it: a body, with words. */
  readonly hasModel: boolean;
}

/** Of an invitation that this device keeps, all but its code. */
export interface KeptInvitation {
  readonly run: RunId;
  readonly source: SourceId;
}

export type WorkerMessage =
  | { readonly kind: "view"; readonly view: View }
  | { readonly kind: "invited"; readonly invitation: KeptInvitation }
  | { readonly kind: "forgotten" };
