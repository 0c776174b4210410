// What a service tells whoever runs it, for logs and metrics. Nothing depends on it.

import type { Sha256 } from "@homebody/base";
import type { Entry, RunState } from "@homebody/coordinator";
import type { AdminAct, Refusal } from "@homebody/protocol";

export interface Notices {
  /** Facts were appended, in order, with the state after them. */
  appended(entries: readonly Entry[], state: RunState): void;
  /** A body was averaged and published in so many seconds. */
  averaged(seconds: number): void;
  /** A commit was answered after so many seconds. */
  committed(seconds: number): void;
  /** Bytes of a chunk came. */
  received(bytes: number): void;
  refused(word: Refusal): void;
  /** The host's act was carried out. */
  acted(act: AdminAct): void;
  /** A blob that nothing needs any more could not be removed. */
  stays(hash: Sha256, error: unknown): void;
  /** The world's fault, and it may pass: it is tried again. */
  troubled(error: unknown): void;
  /** The journal or our own code failed: this run cannot go on in this process. */
  failed(error: unknown): void;
}

const nothing = () => {};

/** Those that are given; all others go unheard. */
export function noticesOf(given: Partial<Notices> = {}): Notices {
  return {
    appended: nothing,
    averaged: nothing,
    committed: nothing,
    received: nothing,
    refused: nothing,
    acted: nothing,
    stays: nothing,
    troubled: nothing,
    failed: nothing,
    ...given,
  };
}
