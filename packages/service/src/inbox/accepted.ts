// Which uploads were accepted: a commit or an opening that repeats one is told so [P10].

import type { RunId, UploadId, VolunteerId } from "@homebody/base";
import type { Entry } from "@homebody/coordinator";
import { uploadOf } from "@homebody/protocol";

export interface AcceptedUploads {
  /** Whose it was; undefined where it was not accepted. */
  ownerOf(id: UploadId): VolunteerId | undefined;
  follow(entries: readonly Entry[]): void;
}

export function acceptedUploads(run: RunId): AcceptedUploads {
  const owners = new Map<UploadId, VolunteerId>();
  return {
    ownerOf: (id) => owners.get(id),
    follow(entries) {
      for (const { fact } of entries)
        if (fact.kind === "accepted")
          owners.set(uploadOf(run, fact.round, fact.volunteer, fact.delta), fact.volunteer);
    },
  };
}
