// Who is admitted to a run, and what it means that somebody comes back as another [C23]. What is not a matter of the run's
// state (who has room, which rows a device holds) is asked elsewhere.

import type { SourceId, VolunteerId } from "@homebody/base";
import { canTakePart } from "@homebody/dept";
import type { Hello, ManifestSource, Refusal } from "@homebody/protocol";
import type { RunState } from "./state.ts";

export interface Applicant extends Pick<Hello, "run" | "source" | "can"> {
  /** By the secret of its hello [P5]. */
  readonly volunteer: VolunteerId;
  /** Whose the connection is already on which it says hello. */
  readonly connectionOf: VolunteerId | undefined;
  /** With which source it was here before. */
  readonly before: SourceId | undefined;
}

export type Admission =
  | {
      readonly ok: true;
      readonly source: ManifestSource;
      /** It has left whatever counts on it with the source that it had before. */
      readonly leaves: boolean;
    }
  | { readonly ok: false; readonly refusal: Refusal };

export function admit({ manifest, removed }: RunState, applicant: Applicant): Admission {
  const { run, volunteer, connectionOf, before, can } = applicant;
  if (run !== manifest.run) return no("wrong-run"); // [P4]
  if (removed.has(volunteer)) return no("removed"); // [C17]
  const source = manifest.sources.find(({ id }) => id === applicant.source);
  if (source === undefined) return no("unknown-source");
  if (!canTakePart(manifest, can)) return no("cannot-take-part"); // [P23]
  if (connectionOf !== undefined && connectionOf !== volunteer) return no("malformed");
  return { ok: true, source, leaves: before !== undefined && before !== source.id };
}

const no = (refusal: Refusal) => ({ ok: false, refusal }) as const;
