// What the bench and its processes say to each other.

import type { RunFile, RunManifest } from "@homebody/protocol";
import type { Passage } from "./figures.ts";

/** To a process that serves; it answers each with `Served`. */
export type ToServer =
  | { readonly kind: "coordinator"; readonly file: RunFile; readonly dataDir: string }
  | { readonly kind: "echo" }
  /** What it took since it was last asked. */
  | { readonly kind: "look" };

export interface Served {
  readonly url: string;
  /** The most that the process held. */
  readonly rssBytes: number;
  readonly loopDelayP99Ms: number;
  /** Of the processor, on all its threads. */
  readonly processorMs: number;
}

/** Where a crowd's deltas go, one after another: the coordinator last, as it goes on to average them. */
export const targets = ["echo", "equippedEcho", "coordinator"] as const;
export type Target = (typeof targets)[number];

/** To a process of volunteers. */
export type ToCrowd =
  | {
      readonly kind: "join";
      readonly urls: Readonly<Record<Target, string>>;
      readonly manifest: RunManifest;
      /** Of how many volunteers in all, these from the first up to, not including, the last. */
      readonly of: number;
      readonly first: number;
      readonly last: number;
    }
  /** Until all of them have heard that the round is open, and have their deltas of it. */
  | { readonly kind: "prepare"; readonly round: number }
  | { readonly kind: "send"; readonly round: number; readonly to: Target };

/** `null`: it is done. */
export type FromCrowd = Passage | null;

/** What a process says that could not do what it was told. */
export interface Failed {
  readonly failed: string;
}
