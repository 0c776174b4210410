// The texts of a run's sources: which documents are held out, and what a vocabulary that the host makes is trained on. The
// coordinator and every device take the same ones.

import { permutation, random } from "@homebody/base";
import type { RunManifest } from "@homebody/protocol";
import { type Split, splitHeldOut, utf8Length } from "@homebody/text";

type Seeded = Pick<RunManifest, "heldOut"> & { readonly training: Pick<RunManifest["training"], "seed"> };

/** What is trained on and what is held out, where the host has not said it. */
export function splitOf({ training, heldOut }: Seeded, source: string, documents: readonly string[]): Split {
  return splitHeldOut(documents, heldOut.share, `${training.seed}/${source}/split`);
}

/** UTF-8 bytes of text that a volunteer brings at least: of less, what is held out says nothing of a body. */
export function leastTextBytes({ heldOut: { leastBytes, share } }: Pick<RunManifest, "heldOut">): number {
  return Math.ceil(leastBytes / Math.max(share, 0.01));
}

/**
 * The documents that a vocabulary for all sources is trained on: of each source, in an order that follows from the seed,
 * as many as an equal share of `bytes` (UTF-8) takes, the last one whole.
 */
export function vocabularySample(
  training: ReadonlyMap<string, readonly string[]>,
  bytes: number,
  seed: number,
): readonly string[] {
  const share = bytes / training.size;
  return [...training].flatMap(([source, documents]) => {
    const taken: string[] = [];
    let size = 0;
    for (const i of permutation(documents.length, random(`${seed}/${source}/vocabulary`))) {
      if (size >= share) break;
      taken.push(documents[i]!);
      size += utf8Length(documents[i]!);
    }
    return taken;
  });
}
