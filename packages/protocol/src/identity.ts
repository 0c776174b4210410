// Who a volunteer is, and what an upload is called: both follow from what is hashed, so neither needs a table.

import {
  type RunId,
  type Sha256,
  sha256OfText,
  type UploadId,
  uploadId,
  type VolunteerId,
  volunteerId,
} from "@homebody/base";
import type { SectionFile } from "./body.ts";

/** The public id of the holder of a secret (64 hex digits): the first half of the secret's hash. */
export function volunteerOf(secret: string): VolunteerId {
  return volunteerId(sha256OfText(`homebody volunteer ${secret}`).slice(0, 32));
}

/** A body's name: of what its sections are called and hold. */
export function bodyId(sections: readonly Pick<SectionFile, "name" | "sha256">[]): Sha256 {
  const lines = sections.map(({ name, sha256 }) => `${name} ${sha256}\n`);
  return sha256OfText(lines.join(""));
}

/** The same delta of the same volunteer in the same round is the same upload, also after a restart. */
export function uploadOf(run: RunId, round: number, volunteer: VolunteerId, delta: Sha256): UploadId {
  return uploadId(sha256OfText(`${run} ${round} ${volunteer} ${delta}`).slice(0, 32));
}
