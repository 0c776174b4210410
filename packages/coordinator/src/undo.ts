// Bodies that can be published again [C28], and what becomes of a run when one is.
//
// An undo is closing work from another beginning: of a body of before as it was made, without some of its deltas, or with none at
// all, which leaves every section as it was. Rounds and steps go on; the body that comes of it has the next number.

import type { VolunteerId } from "@homebody/base";
import type { AdminAct, Refusal, RunManifest, SectionFile } from "@homebody/protocol";
import type { Fact } from "./facts.ts";
import type { Beginning, PastBody, RunState } from "./state.ts";

export type UndoAct = Extract<AdminAct, { kind: "undo" }>;
type Undone = Extract<Fact, { kind: "undone" }>;

/** How many of the last bodies a run can go back to, the current one included. */
export function bodiesBack(manifest: Pick<RunManifest, "keep">): number {
  return Math.max(manifest.keep.undoBodies, roundsAgain(manifest) + 1);
}

/** How many of the last bodies can be averaged anew; where all deltas are kept, no further than the run goes back. */
export function roundsAgain({ keep: { undoBodies, deltaRounds } }: Pick<RunManifest, "keep">): number {
  return deltaRounds === "all" ? undoBodies - 1 : deltaRounds;
}

/** With another body; deltas of long ago are no longer remembered. */
export function withBody(
  past: readonly PastBody[],
  body: PastBody,
  manifest: Pick<RunManifest, "keep">,
): readonly PastBody[] {
  const rounds = roundsAgain(manifest);
  return [...past, body]
    .filter(({ number }) => number > body.number - bodiesBack(manifest))
    .map((one) => (one.made !== null && one.number <= body.number - rounds ? { ...one, made: null } : one));
}

/** Why a body cannot be gone back to now; undefined where it can. */
export function mayUndo(state: Pick<RunState, "past" | "body" | "phase">, act: UndoAct): Refusal | undefined {
  if (state.phase.kind === "finished") return "finished";
  if (state.phase.kind === "closing") return "closing";
  const body = state.past.find(({ number }) => number === act.to);
  if (body === undefined) return "not-kept";
  // The current body as it is, is here already.
  if (act.without.length === 0) return body.number < state.body.number ? undefined : "not-kept";
  const { deltas = [] } = body.made ?? {};
  const contributed = act.without.every((who) => deltas.some(({ volunteer }) => volunteer === who));
  return contributed ? undefined : "not-kept";
}

/** The fact of an undo that may be. The body that it makes ends the round that is open. */
export function undone(state: RunState, { to, without }: UndoAct): Undone {
  const out = new Set<VolunteerId>(without);
  const { deltas = [] } = out.size === 0 ? {} : state.past.find(({ number }) => number === to)!.made!;
  const averaged = deltas.map(({ volunteer }) => volunteer).filter((volunteer) => !out.has(volunteer));
  return { kind: "undone", round: state.body.number + 1, to, without: [...out].sort(), averaged };
}

/** The work that the fact leaves: from where, and which deltas. */
export function undoing(
  { past, body, outer }: Pick<RunState, "past" | "body" | "outer">,
  { to, without, averaged }: Undone,
): NonNullable<PastBody["made"]> {
  const of = past.find(({ number }) => number === to)!;
  const { from, deltas } =
    without.length === 0 ? { from: { sections: of.sections, outer: of.outer }, deltas: [] } : of.made!;
  return {
    from: withJoined(from, { sections: body.sections, outer }),
    deltas: averaged.map((who) => deltas.find(({ volunteer }) => volunteer === who)!),
  };
}

/** Sections of sources that joined since then stay as they are now, in their order. */
function withJoined(then: Beginning, now: Beginning): Beginning {
  const had = new Map(then.sections.map((file) => [file.name, file]));
  const isNew = ({ name }: SectionFile) => !had.has(name);
  return {
    sections: now.sections.map((file) => had.get(file.name) ?? file),
    outer: [...then.outer, ...now.outer.filter(isNew)],
  };
}
