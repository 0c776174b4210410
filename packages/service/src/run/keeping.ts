// What is kept on the disk of a run, and what goes. Which blobs a run names, and how long it needs each, is decided in
// packages/coordinator (retention.ts); here the others are removed.

import type { Sha256 } from "@homebody/base";
import { type BlobKind, type Entry, type RunState, retention } from "@homebody/coordinator";
import type { Blobs, Spool } from "@homebody/store/ports";
import type { OpenedRun } from "./open-run.ts";

export interface KeepingInputs {
  readonly opened: OpenedRun;
  readonly blobs: Blobs;
  readonly spool: Spool;
  readonly keepDeltas: boolean;
  /** A blob that nothing needs any more could not be removed. */
  readonly stays: (hash: Sha256, error: unknown) => void;
}

export interface Keeping {
  /** What a blob of this run is; undefined for what the run does not name or need. */
  kindOf(hash: Sha256): BlobKind | undefined;
  follow(entries: readonly Entry[], state: RunState): void;
  /** Blobs that nothing needs any more; one that cannot be removed is tried again at the next start. */
  removeOver(): Promise<void>;
  /** At a start: also what a crash left between a blob and its fact, and spools. */
  tidy(): Promise<void>;
}

export function keeping({ opened, blobs, spool, keepDeltas, stays }: KeepingInputs): Keeping {
  const kept = retention({ keepDeltas });
  kept.follow(opened.entries, opened.state); // what was over before went then, or goes when it is tidied
  const over = new Set<Sha256>();
  return {
    kindOf: kept.kindOf,
    follow(entries, state) {
      for (const hash of kept.follow(entries, state)) over.add(hash);
    },
    async removeOver() {
      for (const hash of over) {
        over.delete(hash);
        if (kept.kindOf(hash) !== undefined) continue; // named again meanwhile
        await blobs.remove(hash).catch((error) => stays(hash, error));
      }
    },
    async tidy() {
      // With a round open, an upload that was cut off may still be claimed.
      if (opened.state.phase.kind === "training") return;
      for (const hash of await blobs.list()) if (kept.kindOf(hash) === undefined) await blobs.remove(hash);
      for (const { upload } of await spool.list()) await spool.remove(upload);
    },
  };
}
