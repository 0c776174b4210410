// What removing a volunteer does, and what it does not: its deltas so far, and whether it can come back [C17] [C51].

import type { SourceId, VolunteerId } from "@homebody/base";
import { deltasIn, type Figures, undoable } from "@homebody/coordinator";

export function consequenceOfRemoval(
  volunteer: VolunteerId,
  source: SourceId | null,
  figures: Figures,
): string {
  return [
    "It is refused from now on, until you take it back, and what it measured counts no more.",
    ofOpenRound(volunteer, figures),
    ofBodies(volunteer, figures),
    ofReturn(source, figures),
  ]
    .filter((words) => words !== null)
    .join(" ");
}

function ofOpenRound(volunteer: VolunteerId, figures: Figures): string | null {
  const { phase, round, roundList } = figures;
  const open = roundList.at(-1);
  if (phase === "closing" && open?.averaged.includes(volunteer))
    return `Round ${round} is closed already: its delta is averaged all the same.`;
  if (phase !== "training" || !open?.assigned.includes(volunteer)) return null;
  return deltasIn(figures).some((delta) => delta.volunteer === volunteer)
    ? `Its delta of round ${round} is in, and is not averaged.`
    : `What it trains in round ${round} is lost.`;
}

function ofBodies(volunteer: VolunteerId, figures: Figures): string {
  const bodies = undoable(figures).filter(({ volunteers }) => volunteers.includes(volunteer));
  const stays = "What it gave to bodies that are published stays in them";
  if (bodies.length === 0) return `${stays}.`;
  const list = new Intl.ListFormat("en", { type: "disjunction" }).format(
    bodies.map(({ body }) => `body ${body}`),
  );
  return `${stays}, unless you then go back to ${list} without its delta.`;
}

function ofReturn(source: SourceId | null, { manifest: { sources } }: Figures): string {
  const link = sources.find(({ id }) => id === source)?.admission === "code" ? "Its link is spent. " : "";
  const open = sources.filter(({ admission }) => admission === "open");
  return open.length > 0
    ? `${link}The same person can come back as a new volunteer: ${open.length === sources.length ? "every source here is" : "some sources here are"} open to whoever comes.`
    : `${link}The same person comes back only as a new volunteer whom you invite or approve.`;
}
