// A round that could not be averaged: what the disk has lost of it is dropped or made again, and whatever else was at fault may
// pass.

import type { Aggregation } from "@homebody/coordinator";
import type { Blobs } from "@homebody/store/ports";
import { dropLost } from "../losses/dropping.ts";
import { lossesOf } from "../losses/losses.ts";
import type { RequireBody } from "../losses/whole.ts";
import type { Actor } from "../run/actor.ts";

export interface FailedRoundInputs {
  readonly actor: () => Actor;
  readonly blobs: Pick<Blobs, "get">;
  readonly requireBody: RequireBody;
  readonly troubled: (error: unknown) => void;
}

const retryMs = 2000;
/** A file that somebody has to put back takes its time. */
const lostRetryMs = 5000;

/** Resolves with the milliseconds after which it is averaged again. */
export async function failedRound(
  work: Aggregation,
  error: unknown,
  { actor, blobs, requireBody, troubled }: FailedRoundInputs,
): Promise<number> {
  try {
    await requireBody(actor().state());
    if ((await dropLost(work, { actor: actor(), blobs })) > 0) return 0;
    troubled(error);
    // A body of before, to which the host goes back: the run can do without it.
    const from = [...work.sections, ...work.outer].map(({ sha256 }) => sha256);
    if ((await lossesOf(from, blobs)).length > 0) await actor().do({ kind: "abandon", round: work.round });
    return retryMs;
  } catch (found) {
    troubled(found);
    if ((found as Error).name !== "LostBlobs") return retryMs;
    await actor().do({ kind: "abandon", round: work.round }); // [C46] if the admin has ended the run
    return lostRetryMs;
  }
}
