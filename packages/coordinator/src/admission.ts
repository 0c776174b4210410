// Who is admitted to a run, and what it means that somebody comes back as another [C23]; who is let into a source that is
// not open [C50]. What is not a matter of the run's state (who has room, which rows a device holds) is asked elsewhere.

import type { Sha256, SourceId, VolunteerId } from "@homebody/base";
import { canTakePart } from "@homebody/dept";
import type { AdminAct, Hello, ManifestSource, Refusal } from "@homebody/protocol";
import type { Fact } from "./facts.ts";
import { withJoining } from "./joining.ts";
import type { RunState } from "./state.ts";

/** Who wants to train on which source. */
export interface Entrant {
  /** By the secret of its hello [P5]. */
  readonly volunteer: VolunteerId;
  readonly source: SourceId;
  /** Hash of the code that it came with; null for none. */
  readonly code: Sha256 | null;
}

export interface Arrival extends Entrant, Pick<Hello, "run" | "can"> {
  /** Whose the connection is already on which it says hello. */
  readonly connectionOf: VolunteerId | undefined;
  /** With which source it was here before. */
  readonly before: SourceId | undefined;
}

export type Admission =
  | {
      readonly ok: true;
      readonly source: ManifestSource;
      /** It is let in by this very hello: that becomes a fact before it counts [C50]. */
      readonly isNew: boolean;
      /** It has left whatever counts on it with the source that it had before. */
      readonly leaves: boolean;
    }
  | { readonly ok: false; readonly refusal: Refusal };

export function admit(state: RunState, arrival: Arrival): Admission {
  const { manifest, removed } = state;
  const { run, volunteer, connectionOf, before, can } = arrival;
  if (run !== manifest.run) return no("wrong-run"); // [P4]
  if (removed.has(volunteer)) return no("removed"); // [C17]
  const source = manifest.sources.find(({ id }) => id === arrival.source);
  if (source === undefined) return no("unknown-source");
  if (!canTakePart(manifest, can)) return no("cannot-take-part"); // [P23]
  if (connectionOf !== undefined && connectionOf !== volunteer) return no("malformed");
  const refusal = mayEnter(state, source, arrival);
  if (refusal) return no(refusal);
  const leaves = before !== undefined && before !== source.id;
  return { ok: true, source, isNew: !isLetIn(state, source, volunteer), leaves };
}

/** [C50] Whether nothing more has to be asked of it. In a finished run nothing is accepted of anybody. */
function isLetIn(
  { admitted, phase }: RunState,
  { id, admission }: ManifestSource,
  who: VolunteerId,
): boolean {
  if (admission === "open" || phase.kind === "finished") return true;
  return admitted.get(who)?.some(({ source }) => source === id) ?? false;
}

function mayEnter(
  state: RunState,
  source: ManifestSource,
  { volunteer, code }: Entrant,
): Refusal | undefined {
  if (isLetIn(state, source, volunteer)) return undefined;
  if (source.admission === "approval") return "not-approved";
  if (code === null) return "needs-code";
  return state.openCodes.get(code)?.source === source.id ? undefined : "code-spent";
}

/** What follows from a hello that was admitted: a fact, where it is let in by it. */
export function entering(state: RunState, entrant: Entrant): readonly Fact[] | Refusal {
  const source = state.manifest.sources.find(({ id }) => id === entrant.source);
  if (source === undefined) return "unknown-source";
  if (state.removed.has(entrant.volunteer)) return "removed"; // [C17]
  const refusal = mayEnter(state, source, entrant);
  if (refusal) return refusal;
  const { volunteer, code } = entrant;
  return isLetIn(state, source, volunteer) ? [] : [{ kind: "admitted", volunteer, source: source.id, code }];
}

/** [C51] Codes that are known already are left as they are. */
export function inviting(
  state: RunState,
  { source: id, codes }: Extract<AdminAct, { kind: "invite" }>,
): readonly Fact[] | Refusal {
  const source = withJoining(state).sources.find((one) => one.id === id);
  if (source === undefined) return "unknown-source";
  if (source.admission !== "code") return "not-by-code";
  const added = [...new Map(codes.map((code) => [code.sha256, code])).values()].filter(
    ({ sha256 }) => !state.openCodes.has(sha256),
  );
  return added.length === 0 ? [] : [{ kind: "invited", source: id, codes: added }];
}

/** [C52] */
export function approving(
  state: RunState,
  { source: id, volunteer }: Extract<AdminAct, { kind: "approve" }>,
): readonly Fact[] | Refusal {
  const source = withJoining(state).sources.find((one) => one.id === id);
  if (source === undefined) return "unknown-source";
  if (state.removed.has(volunteer)) return "removed";
  return isLetIn(state, source, volunteer) ? [] : [{ kind: "admitted", volunteer, source: id, code: null }];
}

const no = (refusal: Refusal) => ({ ok: false, refusal }) as const;
