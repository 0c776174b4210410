// What a round cannot do without: the run's body, and what its outer optimisers keep. No round opens and none is averaged
// unless it is whole [C45].

import type { Sha256 } from "@homebody/base";
import type { RunState } from "@homebody/coordinator";
import type { Blobs } from "@homebody/store/ports";
import { lossesOf, lostBlobs } from "./losses.ts";
import { type RecomputeInputs, recomputeBody } from "./recompute.ts";

/** Throws LostBlobs unless it is whole, or could be made again from what is kept. */
export type RequireBody = (state: Pick<RunState, "body" | "outer" | "manifest">) => Promise<void>;

export function bodyRequirement(inputs: RecomputeInputs & { readonly blobs: Blobs }): RequireBody {
  /** Bodies that cannot be made again: tried once, since the whole journal is read for it. */
  const gone = new Set<Sha256>();
  return async ({ body, outer, manifest }) => {
    const files = [...body.sections, ...outer].map(({ sha256 }) => sha256);
    const losses = await lossesOf(files, inputs.blobs);
    if (losses.length === 0) return;
    if (!gone.has(body.id) && (await recomputeBody({ body, outer, manifest }, inputs))) return;
    gone.add(body.id);
    throw await lostBlobs(losses, inputs.journal, manifest.run);
  };
}
