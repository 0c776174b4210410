// Which uploads were accepted: a commit or an opening that repeats one is told so [P10], however long ago it was. The journal
// finds them, so nothing of them is remembered.

import type { UploadId, VolunteerId } from "@homebody/base";
import { mayAccept, type RunState, readEntry } from "@homebody/coordinator";
import type { Journal } from "@homebody/store/ports";

/** Whose it was; undefined where it was not accepted, or was dropped and may be made again [C44]. */
export async function ownerOfAccepted(
  journal: Pick<Journal, "find">,
  state: RunState,
  id: UploadId,
): Promise<VolunteerId | undefined> {
  const entry = await journal.find(state.manifest.run, id);
  const fact = entry && readEntry(entry).fact;
  if (fact?.kind !== "accepted" || mayAccept(state, fact) === undefined) return undefined;
  return fact.volunteer;
}
