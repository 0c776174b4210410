// Accepted deltas that the disk has lost are dropped by a fact [C44], at a start and when a round could not be averaged.

import type { AcceptedDelta } from "@homebody/coordinator";
import type { Blobs } from "@homebody/store/ports";
import type { Actor } from "../run/actor.ts";
import { lossesOf } from "./losses.ts";

/** How many were dropped of those that the open or closing round counts. */
export async function dropLost(
  { round, deltas }: { readonly round: number; readonly deltas: readonly AcceptedDelta[] },
  { actor, blobs }: { readonly actor: Pick<Actor, "do">; readonly blobs: Pick<Blobs, "get"> },
): Promise<number> {
  let dropped = 0;
  for (const { volunteer, delta, rows } of deltas) {
    const [loss] = await lossesOf(rows === null ? [delta] : [delta, rows], blobs);
    if (loss === undefined) continue;
    const decision = await actor.do({ kind: "drop", round, volunteer, reason: loss.reason });
    if (decision.ok) dropped += decision.facts.length;
  }
  return dropped;
}
