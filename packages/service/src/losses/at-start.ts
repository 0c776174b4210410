// What the state names, looked for at a start [C45]: each blob is there and as large as it was. The body, what optimisers keep and
// deltas that wait are read whole by whoever needs them (whole.ts, dropping.ts). Where a step is lost volunteers take whole sections.

import type { Sha256 } from "@homebody/base";
import type { RunFold } from "@homebody/coordinator";
import type { ManifestSource } from "@homebody/protocol";
import type { Blobs } from "@homebody/store/ports";
import type { Loss } from "./losses.ts";

export async function lossesAtStart(
  { state, figures, blobs: used }: RunFold,
  blobs: Pick<Blobs, "size">,
): Promise<readonly Loss[]> {
  const sizes = new Map<Sha256, number>(
    figures
      .now()
      .bodies.flatMap(({ sections }) => sections)
      .map(({ sha256, sizeBytes }) => [sha256, sizeBytes]),
  );
  const own = new Set([...state.body.sections, ...state.outer].map(({ sha256 }) => sha256));
  for (const [hash, sizeBytes] of state.manifest.sources.flatMap(sizesOf)) sizes.set(hash, sizeBytes);
  const losses: Loss[] = [];
  for (const [hash] of used.uses()) {
    if (own.has(hash) || used.kindOf(hash) === "step") continue;
    const found = await blobs.size(hash);
    if (found === undefined) losses.push({ hash, reason: "missing" });
    else if (found !== (sizes.get(hash) ?? found)) losses.push({ hash, reason: "damaged" });
  }
  return losses;
}

function sizesOf({ served, tokenizer }: ManifestSource): readonly (readonly [Sha256, number])[] {
  return [
    ...(served === null ? [] : [[served.train, served.trainBytes] as const]),
    ...(served?.heldOut ? [[served.heldOut, served.heldOutBytes] as const] : []),
    ...(tokenizer === null ? [] : [[tokenizer.sha256, tokenizer.sizeBytes] as const]),
  ];
}
