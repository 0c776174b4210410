// A trial: the run's latest body and a random one learn one text beside each other, on this device, and nothing of it
// is kept or sent. What a page asks for, and what it is told.

import type { Millis } from "@homebody/base";
import type { Curve, HeadStart, TrialPlan } from "@homebody/experiment";
import type { BodyRef, RunManifest } from "@homebody/protocol";
import type { TextProblem } from "../looking.ts";
import type { DeviceStart } from "../ports.ts";

export type { Curve };

/** UTF-8 bytes: with less there is too little to measure on, and curves say more about chance than about a body. */
export const leastTrialBytes = 8_000;
/** More than two minutes of learning have use for: of longer text the first part is taken. */
export const mostTrialBytes = 2_000_000;
/** Of one file, which is read into memory as a whole. */
export const mostFileBytes = 64_000_000;

export type TrialBody = Pick<BodyRef, "number" | "sections">;

export interface TrialRequest {
  readonly manifest: RunManifest;
  /** A body of this run, which the coordinator still has. */
  readonly body: TrialBody;
  readonly files: readonly File[];
  /** Beside the files; may be empty. */
  readonly pasted: string;
}

/** In their order. */
export const trialStages = ["read", "engine", "body", "vocabulary", "speed", "learn"] as const;
export type TrialStage = (typeof trialStages)[number];

export const trialArms = ["trained", "random"] as const;
export type TrialArm = (typeof trialArms)[number];
export type TrialCurves = Readonly<Record<TrialArm, Curve>>;

export interface TrialText {
  /** UTF-8 bytes that are used, and that there were in what was read. */
  readonly usedBytes: number;
  readonly givenBytes: number;
  /** Of the vocabulary that was learnt from it. */
  readonly vocabulary: number;
  /** UTF-8 bytes that are held out: no arm learns from them. */
  readonly heldOutBytes: number;
}

export type TrialDevice = Pick<DeviceStart, "backend" | "adapter" | "threads" | "fallback">;

export interface TrialProgress {
  readonly stage: TrialStage;
  /** Of the stage, in bytes of the body, or steps of both arms, or in units of no meaning; `of` is 0 where nobody knows. */
  readonly done: number;
  readonly of: number;
  readonly startedAt: Millis;
  /** Once the speed is known. */
  readonly endsAt: Millis | null;
  readonly device: TrialDevice | null;
  readonly text: TrialText | null;
  readonly plan: TrialPlan | null;
  readonly curves: TrialCurves;
}

export interface TrialResult extends HeadStart {
  readonly device: TrialDevice;
  readonly text: TrialText;
  readonly plan: TrialPlan;
  readonly curves: TrialCurves;
  readonly tookMs: number;
}

export function tooLittle(bytes: number): string {
  const thousands = (value: number) => `${Math.floor(value / 100) / 10} kB`;
  return `There are ${thousands(bytes)} of text in it, and it takes ${thousands(leastTrialBytes)} at least, about three pages: with less, chance decides. Add more text of the same language.`;
}

export type TrialMessage =
  | { readonly kind: "progress"; readonly progress: TrialProgress }
  | { readonly kind: "refused"; readonly problems: readonly TextProblem[] }
  | { readonly kind: "done"; readonly result: TrialResult }
  | { readonly kind: "failed"; readonly message: string };
