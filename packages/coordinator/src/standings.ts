// What a run remembers of its volunteers from round to round: how long they have been part of it, and whether they deliver.

import type { SourceId, VolunteerId } from "@homebody/base";
import type { Assigned } from "./facts.ts";
import type { RunState, Standing } from "./state.ts";

/** Who changed nothing in so many rounds is forgotten, and is new when it comes back. */
export const longestAbsence = 1000;

/** Deltas are compared with those of so many rounds before [C37]. */
export const lateRounds = 9;

type Standings = Map<VolunteerId, Standing>;

const newcomer = { counted: 0, missed: 0, scoredBytes: null } as const;

export function standingOf(
  { standings }: Pick<RunState, "standings">,
  { volunteer, source }: Pick<Assigned, "volunteer" | "source">,
): Omit<Standing, "source" | "round"> {
  const own = standings.get(volunteer);
  if (own?.source === source) return own;
  // What a device carries of a source stays on it while it trains another.
  return { ...newcomer, deliveredRound: own?.deliveredRound ?? null };
}

export function changeStanding(
  standings: Standings,
  { volunteer, source, round }: { volunteer: VolunteerId; source: SourceId; round: number },
  change: (was: Omit<Standing, "source" | "round">) => Partial<Standing>,
): void {
  const was = standingOf({ standings }, { volunteer, source });
  standings.set(volunteer, { ...was, ...change(was), source, round });
}

/** [C38] What the next delta of this volunteer weighs beside others of its source. */
export function seniorityOf(
  state: Pick<RunState, "standings" | "manifest">,
  sender: Pick<Assigned, "volunteer" | "source">,
): number {
  const { sources, newcomerRounds } = state.manifest;
  const isOpen = sources.find(({ id }) => id === sender.source)?.admission === "open";
  return isOpen ? Math.min(standingOf(state, sender).counted + 1, newcomerRounds) : newcomerRounds;
}

/** [C61] The round whose residual a delta of this volunteer may carry in this round; null: none. */
export function carriesFrom(
  { standings, manifest: { errorFeedback } }: Pick<RunState, "standings" | "manifest">,
  { volunteer, round }: { readonly volunteer: VolunteerId; readonly round: number },
): number | null {
  const from = standings.get(volunteer)?.deliveredRound ?? null;
  if (errorFeedback === "off" || from === null) return null;
  const rounds = round - from;
  return rounds >= 1 && rounds <= errorFeedback.rounds ? from : null;
}

/** [C36] Whom a round waits for: all but those who missed too many in a row, unless these are all. */
export function waitedFor(
  state: Pick<RunState, "standings" | "manifest">,
  assigned: readonly Assigned[],
): Set<VolunteerId> {
  const { excuseAfter } = state.manifest.round;
  const waited =
    excuseAfter === "never"
      ? assigned
      : assigned.filter((one) => standingOf(state, one).missed < excuseAfter);
  return new Set((waited.length > 0 ? waited : assigned).map(({ volunteer }) => volunteer));
}

/** A new body is out: what is of long ago goes. */
export function forget(standings: Standings, numbers: Map<string, number>, round: number): void {
  for (const [who, one] of standings) if (one.round <= round - longestAbsence) standings.delete(who);
  for (const [hash, of] of numbers) if (of <= round - lateRounds) numbers.delete(hash);
}
