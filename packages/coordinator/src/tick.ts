// What is due now: the ways in which a round opens, closes, lapses, and a run ends.
//
// A tick with nothing due gives no facts, so it may be sent as often as one likes. One tick takes one stride
// (a lapsed round does not open again in the same one): the shell ticks until nothing more is due.

import { type Millis, permutation, random, type SourceId, type VolunteerId } from "@homebody/base";
import type { RunManifest } from "@homebody/protocol";
import type { Assigned, CloseReason, Fact } from "./facts.ts";
import { countedDeltas } from "./reviews.ts";
import { scored } from "./scores.ts";
import type { Phase, Ready, ReadyVolunteers, RunState, Scored } from "./state.ts";
import { stepsInAll } from "./steps-of-run.ts";

type Training = Extract<Phase, { kind: "training" }>;
type Candidate = Ready & { readonly volunteer: VolunteerId };

export function tick(state: RunState, ready: ReadyVolunteers, now: Millis): readonly Fact[] {
  const { phase } = state;
  switch (phase.kind) {
    case "gathering":
      return isLast(state) ? lastEvaluation(state, ready, now) : open(state, phase.round, ready, now);
    case "training":
      return close(state, phase, ready, now);
    case "closing":
      // The shell is averaging, unless nothing is left [C44]; who goes back to a body may need no delta [C28].
      return phase.averaged.length === 0 && phase.reason !== "undo"
        ? [{ kind: "lapsed", round: phase.round }]
        : [];
    case "evaluating": {
      const over = !state.paused && now >= phase.deadline;
      // [C27] A held run does not end by itself.
      const isDone = phase.pending.size === 0 && state.held === null;
      return isDone || over ? [finished(state)] : [];
    }
    case "finished":
      return [];
    default:
      phase satisfies never;
      throw new Error(`unknown phase ${JSON.stringify(phase)}`);
  }
}

/** Whom a round that opens now would count on [C17]. */
function candidates({ removed }: RunState, ready: ReadyVolunteers): readonly Candidate[] {
  const all = [...ready].map(([volunteer, one]) => ({ ...one, volunteer }));
  return all.filter(({ volunteer }) => !removed.has(volunteer));
}

/** The fact that closes a round with what it has, in the order in which it is averaged [C10]; none without a delta. */
export function closing(
  state: Pick<RunState, "harms">,
  { round, accepted }: Training,
  reason: CloseReason,
): Fact | undefined {
  if (accepted.size === 0) return undefined;
  const order = [...accepted.values()].sort(
    (a, b) => compare(a.source, b.source) || compare(a.volunteer, b.volunteer),
  );
  const { counted, beside } = countedDeltas(state, order);
  const averaged = counted.map(({ volunteer }) => volunteer);
  const quarantined = beside.map(({ volunteer }) => volunteer);
  return { kind: "closed", round, reason, averaged, ...(quarantined.length > 0 ? { quarantined } : {}) };
}

function isLast({ ending, body, manifest }: RunState): boolean {
  return ending || body.number >= manifest.rounds;
}

/** [C4] */
function open(state: RunState, round: number, ready: ReadyVolunteers, now: Millis): readonly Fact[] {
  const { manifest, stepsDone, lapses } = state;
  const { localSteps } = manifest.training;
  // Counted before anybody is looked at: a run that gathers is asked at every step of everybody.
  if (state.paused || ready.size < manifest.round.minimum || now < opensAt(state)) return [];
  const here = candidates(state, ready);
  if (here.length < manifest.round.minimum) return [];
  const sources = sampledSources(manifest, { round, lapses }, here);
  const counted = here.filter(({ source }) => sources.has(source));
  return [
    {
      kind: "opened",
      round,
      assigned: slots(counted),
      localSteps,
      stepsBefore: stepsDone,
      totalSteps: stepsInAll(state),
      deadline: after(now, manifest.round.deadlineSeconds),
    },
    ...scoresOf(state, counted),
  ];
}

/** [C33] Evaluations of the current body that were reported before anything counted on who made them. */
function scoresOf(state: RunState, candidates: readonly Candidate[]): readonly Fact[] {
  return candidates.flatMap(({ volunteer, source, scored: own }) => {
    if (own === undefined || !isOfBody(own, state) || state.evaluated.has(volunteer)) return [];
    const fact = scored(state, { ...own, volunteer, source });
    return fact === undefined || typeof fact === "string" ? [] : [fact];
  });
}

/** A body that comes back has its id again, but another number. */
const isOfBody = (own: Scored, { body }: RunState) => own.id === body.id && own.body === body.number;

/** [C34] When the next round may open: one that lapses again and again waits ever longer, up to its deadline's time. */
export function opensAt({ openedAt, lapses, manifest }: RunState): Millis {
  if (openedAt === null || lapses === 0) return 0 as Millis;
  return after(openedAt, Math.min(2 ** (lapses - 1) - 1, manifest.round.deadlineSeconds));
}

/** [C34] Before this time a round with deltas does not close by itself, unless its deadline comes first. */
export function closesAt({ openedAt, manifest }: RunState): Millis {
  return after(openedAt!, manifest.round.minimumSeconds);
}

/** [C86] When the time box of the last round is over; null where rounds have none. By the wall clock: training needs no coordinator. */
export function boxEndsAt({ openedAt, manifest }: RunState): Millis | null {
  const { timeBox } = manifest.training;
  return timeBox === "off" ? null : after(openedAt!, timeBox.seconds);
}

/** [C86] When a quorum closes the open round: its grace begins when it is in, and not before the time box is over. */
export function graceEndsAt(state: RunState, { quorumAt }: Training): Millis | null {
  if (quorumAt === null) return null;
  const begins = Math.max(quorumAt, boxEndsAt(state) ?? quorumAt) as Millis;
  return after(begins, state.manifest.round.graceSeconds);
}

/** [C22] How many sources take part in a round, where all are here: as many as the share of all comes to, at least one. */
export function sourcesInRound({
  round,
  sources,
}: {
  readonly round: Pick<RunManifest["round"], "sources">;
  readonly sources: readonly unknown[];
}): number {
  const share = round.sources === "all" ? 1 : round.sources;
  return Math.max(1, Math.round(share * sources.length));
}

/** [C22] Of the sources that are here. */
function sampledSources(
  manifest: RunManifest,
  { round, lapses }: { readonly round: number; readonly lapses: number },
  candidates: readonly Candidate[],
): ReadonlySet<SourceId> {
  const here = [...new Set(candidates.map(({ source }) => source))].sort(compare);
  if (manifest.round.sources === "all") return new Set(here);
  const count = Math.min(here.length, sourcesInRound(manifest));
  const order = permutation(here.length, random(`${manifest.training.seed}/round ${round}/sources`));
  // After a lapse the next ones of the same order: a source that never delivers does not hold up the run.
  const places = Array.from({ length: count }, (_, i) => order[(lapses * count + i) % here.length]!);
  return new Set(places.map((i) => here[i]!));
}

function slots(candidates: readonly Candidate[]): readonly Assigned[] {
  const order = [...candidates].sort(
    (a, b) => compare(a.source, b.source) || compare(a.volunteer, b.volunteer),
  );
  const sizes = new Map<string, number>();
  const numbered = order.map(({ volunteer, source, rows }) => {
    const slot = sizes.get(source) ?? 0;
    sizes.set(source, slot + 1);
    return { volunteer, source, slot, rows };
  });
  return numbered.map((assigned) => ({ ...assigned, slots: sizes.get(assigned.source)! }));
}

/** [C7] [C8] [C18] */
function close(state: RunState, phase: Training, ready: ReadyVolunteers, now: Millis): readonly Fact[] {
  const reason = whyClose(state, phase, now);
  if (reason === undefined) return [];
  const closed = closing(state, phase, reason);
  if (closed) return [closed];
  return state.ending ? lastEvaluation(state, ready, now) : [{ kind: "lapsed", round: phase.round }];
}

function whyClose(state: RunState, phase: Training, now: Millis): CloseReason | undefined {
  if (state.ending) return "admin";
  if (state.held !== null) return undefined; // [C27]
  const { pending, accepted, deadline } = phase;
  const early = now < closesAt(state);
  if (pending.size === 0 && (!early || accepted.size === 0)) return "all";
  if (state.paused) return undefined; // [C16]
  const graceEnds = graceEndsAt(state, phase);
  if (graceEnds !== null && now >= graceEnds && !early) return "quorum";
  return now >= deadline ? "deadline" : undefined;
}

/** [C14] Of those who are ready, and those whose deltas are in the body: they may be on their way back. */
function lastEvaluation(state: RunState, ready: ReadyVolunteers, now: Millis): readonly Fact[] {
  if (state.paused) return [];
  const here = candidates(state, ready);
  const all = new Set<VolunteerId>([...here.map(({ volunteer }) => volunteer), ...state.contributors]);
  const expected = [...all].filter((who) => !state.evaluated.has(who)).sort(compare);
  if (expected.length === 0) return [finished(state)];
  const deadline = after(now, state.manifest.round.evaluationSeconds);
  return [{ kind: "evaluating", expected, deadline }, ...scoresOf(state, here)];
}

function finished({ ending }: RunState): Fact {
  return { kind: "finished", reason: ending ? "admin" : "rounds" };
}

export function after(now: Millis, seconds: number): Millis {
  return (now + seconds * 1000) as Millis;
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
