// What is kept on the disk of a run, and what goes. Which blobs a run names, and how long it needs each, is decided in
// packages/coordinator (retention.ts); here the others are removed.

import type { Sha256 } from "@homebody/base";
import { type BlobKind, keptBy, type RunFold, readEntry } from "@homebody/coordinator";
import type { Blobs, Journal, Spool } from "@homebody/store/ports";

export interface KeepingInputs {
  readonly opened: Pick<RunFold, "state" | "blobs">;
  readonly journal: Pick<Journal, "find">;
  readonly blobs: Blobs;
  readonly spool: Spool;
  /** A blob that nothing needs any more could not be removed. */
  readonly stays: (hash: Sha256, error: unknown) => void;
}

export interface Keeping {
  /** What a blob of this run is; undefined for what the run does not name or need. */
  kindOf(hash: Sha256): Promise<BlobKind | undefined>;
  /** These are in use no more. */
  passed(over: readonly Sha256[]): void;
  /** Blobs that nothing needs any more; one that cannot be removed is tried again at the next start. */
  removeOver(): Promise<void>;
  /** At a start: also what a crash left between a blob and its fact, and spools. */
  tidy(): Promise<void>;
}

export function keeping({ opened, journal, blobs, spool, stays }: KeepingInputs): Keeping {
  const { state, blobs: used } = opened;
  let over: Sha256[] = []; // what was over before this start is removed when it is tidied

  async function kindOf(hash: Sha256): Promise<BlobKind | undefined> {
    const kind = used.kindOf(hash);
    if (kind !== undefined) return kind;
    const entry = await journal.find(state.manifest.run, hash);
    // It may have been named again meanwhile.
    return used.kindOf(hash) ?? (entry && keptBy(readEntry(entry).fact, hash, state.manifest));
  }

  return {
    kindOf,
    passed(hashes) {
      over.push(...hashes);
    },
    async removeOver() {
      const hashes = over;
      over = [];
      const remove = async (hash: Sha256) => {
        if ((await kindOf(hash)) === undefined) await blobs.remove(hash);
      };
      for (const hash of hashes) await remove(hash).catch((error) => stays(hash, error));
    },
    async tidy() {
      // With a round open, an upload that was cut off may still be claimed.
      if (state.phase.kind === "training") return;
      for (const hash of await blobs.list()) if ((await kindOf(hash)) === undefined) await blobs.remove(hash);
      for (const { upload } of await spool.list()) await spool.remove(upload);
    },
  };
}
