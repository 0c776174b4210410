// Which uploads were accepted: a commit or an opening that repeats one is told so [P10], however long ago it was. The journal
// finds them, so nothing of them is remembered.

import type { RunId, UploadId, VolunteerId } from "@homebody/base";
import { readEntry } from "@homebody/coordinator";
import type { Journal } from "@homebody/store/ports";

/** Whose it was; undefined where it was not accepted. */
export async function ownerOfAccepted(
  journal: Pick<Journal, "find">,
  run: RunId,
  id: UploadId,
): Promise<VolunteerId | undefined> {
  const entry = await journal.find(run, id);
  const fact = entry && readEntry(entry).fact;
  return fact?.kind === "accepted" ? fact.volunteer : undefined;
}
