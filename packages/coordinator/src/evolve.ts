// evolve(state, entry) -> state: the only way a run's state changes [C1]. It decides nothing and refuses nothing:
// a fact has happened.
//
// A run has one state, and evolve owns it: it is changed in place, so that a fact costs what it changes, however many take
// part. Whoever holds the state holds it as it is now. Who needs what was takes it out before the next fact: facts, bodies,
// manifests and lists in a state are replaced and never changed; its maps, sets and open phase change.

import type { Millis, VolunteerId } from "@homebody/base";
import { type BodyRef, bodyId, type SectionFile, type StepTo } from "@homebody/protocol";
import type { Entry, Fact } from "./facts.ts";
import { remembered, scoreAfter } from "./hold.ts";
import { waits, withSources } from "./joining.ts";
import { lateSteps } from "./late-steps.ts";
import { drawReviews, forgetHarms, harmAfter } from "./reviews.ts";
import { changeStanding, forget, waitedFor } from "./standings.ts";
import type { AcceptedDelta, JoiningSource, Phase, RunState } from "./state.ts";
import { stepsOfRound } from "./steps-of-run.ts";
import { undoing, withBody } from "./undo.ts";

/** What this file alone may do with a state. */
type OwnState = Own<Omit<RunState, "phase">> & { phase: Own<Phase> };
type Own<T> = T extends unknown ? { -readonly [K in keyof T]: OwnCollection<T[K]> } : never;
type OwnCollection<T> =
  T extends ReadonlyMap<infer K, infer V> ? Map<K, V> : T extends ReadonlySet<infer V> ? Set<V> : T;

/** The state that a journal leads to; a journal begins with its `created` fact. */
export function replay(entries: Iterable<Entry>): RunState | undefined {
  let state: RunState | undefined;
  for (const entry of entries) state = evolve(state, entry);
  return state;
}

/** Takes the state over and returns it, as it is after the entry. */
export function evolve(state: RunState | undefined, entry: Entry): RunState {
  const { fact, at } = entry;
  if (state === undefined) {
    if (fact.kind !== "created")
      throw new Error(`journal: expected a created fact at entry ${entry.seq}, got ${fact.kind}`);
    return born(fact.manifest, bodyRef(0, fact.sections), at);
  }
  const own = state as OwnState;
  fold(own, entry);
  // [C12] A source may be added while the coordinator is down: that is no sign of life.
  if (fact.kind !== "source-added") own.lastAt = at;
  return own;
}

/** The body of a number with these sections. */
export function bodyRef(number: number, sections: readonly SectionFile[]): BodyRef {
  return { number, id: bodyId(sections), sections };
}

/** With the steps that lead to it, if there are any. */
function withSteps(body: BodyRef, steps: readonly StepTo[]): BodyRef {
  return steps.length === 0 ? body : { ...body, steps };
}

function born(manifest: RunState["manifest"], body: RunState["body"], at: Millis): RunState {
  return {
    manifest,
    joining: [],
    phase: { kind: "gathering", round: 1 },
    paused: false,
    pausedAt: null,
    ending: false,
    body,
    outer: [],
    past: [{ number: 0, sections: body.sections, outer: [], made: null }],
    held: null,
    scores: new Map(),
    reviews: new Map(),
    harms: new Map(),
    backAt: 0,
    stepsDone: 0,
    longestSchedule: 0,
    dropped: new Set(),
    lapses: 0,
    openedAt: null,
    lastAssigned: new Set(),
    standings: new Map(),
    lateNumbers: new Map(),
    removed: new Set(),
    openCodes: new Map(),
    admitted: new Map(),
    contributors: new Set(),
    evaluated: new Set(),
    lastAt: at,
  };
}

function fold(state: OwnState, { fact, at }: Entry): void {
  const { phase } = state;
  switch (fact.kind) {
    case "created":
      throw new Error("journal: a second created fact");
    case "opened": {
      const { assigned, kind: _, ...round } = fact;
      state.phase = {
        ...round,
        kind: "training",
        assigned: new Map(assigned.map((one) => [one.volunteer, one])),
        pending: waitedFor(state, assigned),
        accepted: new Map(),
        quorumAt: null,
      };
      state.openedAt = at;
      state.longestSchedule = Math.max(state.longestSchedule, round.totalSteps);
      state.lastAssigned = new Set(assigned.map(({ volunteer }) => volunteer));
      return;
    }
    case "accepted":
      if (phase.kind !== "training") return;
      phase.accepted.set(fact.volunteer, fact);
      state.dropped.delete(fact.volunteer);
      phase.pending.delete(fact.volunteer);
      changeStanding(state.standings, fact, () => ({ missed: 0, deliveredRound: fact.round }));
      if (fact.numbers !== null) state.lateNumbers.set(fact.numbers, fact.round);
      if (phase.quorumAt === null) lookAtQuorum(state, at);
      return;
    case "evaluated":
      state.evaluated.add(fact.volunteer);
      measured(state, fact);
      changeStanding(state.standings, { ...fact, round: fact.body + 1 }, ({ scoredBytes }) => ({
        scoredBytes: scoredBytes ?? fact.bytes,
      }));
      if (phase.kind === "evaluating") phase.pending.delete(fact.volunteer);
      return;
    case "closed": {
      if (phase.kind !== "training") return;
      const { round, reason, averaged, quarantined = [] } = fact;
      if (reason === "deadline") countMissed(state, phase);
      const { stepsBefore } = phase;
      const accepted = averaged.map((who) => phase.accepted.get(who)!);
      const beside = quarantined.map((who) => phase.accepted.get(who)!);
      state.stepsDone = stepsBefore + stepsOfRound(state.manifest.training, accepted);
      const from = { sections: state.body.sections, outer: state.outer };
      state.phase = { kind: "closing", round, reason, stepsBefore, from, accepted, averaged, beside };
      return;
    }
    case "undone": {
      const { round, averaged } = fact;
      const { from, deltas } = undoing(state, fact);
      const { stepsDone: stepsBefore } = state;
      const beside: readonly AcceptedDelta[] = [];
      state.phase = {
        ...{ kind: "closing", round, reason: "undo", stepsBefore },
        ...{ from, accepted: deltas, averaged, beside },
      };
      if (state.held !== null) goOn(state);
      return;
    }
    case "held":
      state.held = { body: fact.body, sources: fact.sources };
      state.paused = true;
      state.pausedAt ??= at;
      return;
    case "dropped":
      drop(state, fact.volunteer);
      lookAtQuorum(state, at);
      return;
    case "published":
      if (phase.kind === "closing" && phase.reason !== "undo") countCounted(state, phase.accepted);
      forget(state.standings, state.lateNumbers, fact.round);
      forgetHarms(state.harms, fact.round);
      publish(state, fact);
      gather(state, fact.round + 1, 0);
      return;
    case "reviewed":
      review(state, fact);
      return;
    case "quarantined":
      state.harms.set(fact.volunteer, { by: fact.reviewers, quarantined: true, round: fact.round });
      return;
    case "cleared":
      state.harms.delete(fact.volunteer);
      return;
    case "invited":
      for (const { sha256, uses } of fact.codes) state.openCodes.set(sha256, { source: fact.source, uses });
      return;
    case "admitted":
      letIn(state, fact);
      return;
    case "lapsed":
      if (phase.kind === "closing") state.stepsDone = phase.stepsBefore; // they come to nothing
      if (phase.kind === "training") countMissed(state, phase);
      gather(state, fact.round, state.lapses + 1);
      return;
    case "left":
      waitNoMore(state, fact.volunteer);
      lookAtQuorum(state, at);
      return;
    case "removed":
      waitNoMore(state, fact.volunteer);
      remove(state, fact.volunteer);
      lookAtQuorum(state, at);
      return;
    case "restored":
      state.removed.delete(fact.volunteer);
      return;
    case "ending":
      state.ending = true;
      return;
    case "evaluating":
      state.phase = { kind: "evaluating", pending: new Set(fact.expected), deadline: fact.deadline };
      return;
    case "finished":
      state.phase = { kind: "finished", reason: fact.reason };
      return;
    case "source-added": {
      const { source, sections } = fact;
      if (waits(fact, phase.kind)) state.joining = [...state.joining, { source, sections }];
      else join(state, [fact]);
      return;
    }
    case "changed":
      state.manifest = fact.manifest;
      return;
    case "reopened":
      state.ending = false;
      if (phase.kind === "evaluating" || phase.kind === "finished") gather(state, state.body.number + 1, 0);
      return;
    case "paused":
      state.paused = true;
      state.pausedAt = at;
      return;
    case "resumed":
      // A quorum reached during the pause starts its grace now.
      postpone(phase, fact.deadline, state.pausedAt, at);
      goOn(state);
      return;
    case "restarted":
      postpone(phase, fact.deadline, null, at);
      return;
    default:
      fact satisfies never;
      throw new Error(`journal: unknown fact ${JSON.stringify(fact)}`);
  }
}

function publish(
  state: OwnState,
  { round, sections, outer, steps = [] }: Extract<Fact, { kind: "published" }>,
): void {
  const { phase, manifest } = state;
  const { averaged, from, accepted, beside, reason } = phase as Extract<Phase, { kind: "closing" }>;
  const made = accepted.length === 0 ? null : { from, deltas: accepted };
  state.past = withBody(state.past, { number: round, sections, outer, made }, manifest);
  state.contributors = new Set(averaged);
  state.evaluated = new Set();
  state.dropped = new Set();
  const next = bodyRef(round, sections);
  state.body = withSteps(next, lateSteps(state.body, next, steps));
  state.outer = outer;
  const isLast = state.ending || round >= manifest.rounds; // nothing would come of a review
  const deltas = reason === "undo" || isLast ? [] : [...accepted, ...beside];
  state.reviews = new Map(drawReviews(state, deltas, { made: next.id, from: bodyId(from.sections) }));
  if (reason === "undo") state.backAt = round;
  const known = reason === "undo" ? [] : remembered(state.scores, round);
  state.scores = new Map(known.map((who) => [who, state.scores.get(who)!]));
}

/** [C27] From here on the run is measured beside what it is now. */
function goOn(state: OwnState): void {
  if (state.held !== null) state.scores = new Map();
  state.held = null;
  state.paused = false;
  state.pausedAt = null;
}

function measured(
  { scores, manifest: { hold } }: OwnState,
  fact: Extract<Fact, { kind: "evaluated" }>,
): void {
  if (hold !== "off") scores.set(fact.volunteer, scoreAfter(scores.get(fact.volunteer), fact, hold));
}

function review({ reviews, harms }: OwnState, fact: Extract<Fact, { kind: "reviewed" }>): void {
  reviews.delete(fact.reviewer);
  const harm = harmAfter(harms.get(fact.volunteer), fact);
  if (harm === undefined) harms.delete(fact.volunteer);
  else harms.set(fact.volunteer, harm);
}

/** This round opens next. [C21] Whoever waited for the next body has it. */
function gather(state: OwnState, round: number, lapses: number): void {
  state.phase = { kind: "gathering", round };
  state.lapses = lapses;
  join(state, state.joining);
  state.joining = [];
}

/** These sources take part from here on; who has evaluated the body need not do it again for sections that are others'. */
function join(state: OwnState, sources: readonly JoiningSource[]): void {
  if (sources.length === 0) return;
  const { number, sections: before, steps = [] } = state.body;
  const { manifest, sections } = withSources({ manifest: state.manifest, sections: before }, sources);
  state.manifest = manifest;
  state.body = withSteps(bodyRef(number, sections), steps);
}

type Training = Extract<Own<Phase>, { kind: "training" }>;

/** Whether the quorum is reached [C35], since when. */
function lookAtQuorum({ phase, manifest }: OwnState, at: Millis): void {
  if (phase.kind !== "training") return;
  phase.quorumAt = isQuorum(phase, manifest.round) ? (phase.quorumAt ?? at) : null;
}

/** With `all` there is no quorum to reach. */
function isQuorum(
  { assigned, pending, accepted }: Training,
  { quorum, quorumSources }: RunState["manifest"]["round"],
): boolean {
  if (quorum === "all" || accepted.size < quorum) return false;
  if (quorumSources === 1) return true;
  const delivered = new Set([...accepted.values()].map(({ source }) => source));
  if (quorumSources !== "all" && delivered.size >= quorumSources) return true;
  return ![...pending].some((who) => !delivered.has(assigned.get(who)!.source));
}

/** [C36] The round's time is up, or nobody delivered. */
function countMissed({ standings }: OwnState, { round, assigned, pending }: Training): void {
  for (const who of pending)
    changeStanding(standings, { ...assigned.get(who)!, round }, ({ missed }) => ({ missed: missed + 1 }));
}

/** [C38] */
function countCounted({ standings, manifest }: OwnState, averaged: readonly AcceptedDelta[]): void {
  for (const delta of averaged)
    changeStanding(standings, delta, ({ counted }) => ({
      counted: Math.min(counted + 1, manifest.newcomerRounds),
    }));
}

/** Moves the deadline to the given time, and the quorum's time by as much [C12]. */
function postpone(phase: Own<Phase>, deadline: Millis | null, pausedAt: Millis | null, at: Millis): void {
  if (deadline === null || (phase.kind !== "training" && phase.kind !== "evaluating")) return;
  if (phase.kind === "training" && phase.quorumAt !== null) {
    const during = pausedAt !== null && phase.quorumAt > pausedAt;
    phase.quorumAt = during ? at : ((phase.quorumAt + deadline - phase.deadline) as Millis);
  }
  phase.deadline = deadline;
}

function waitNoMore(state: OwnState, who: VolunteerId): void {
  const { phase } = state;
  state.contributors.delete(who);
  if (phase.kind === "training" || phase.kind === "evaluating") phase.pending.delete(who);
}

/** [C44] While the round is open it may be made again. */
function drop(state: OwnState, who: VolunteerId): void {
  const { phase } = state;
  state.dropped.add(who);
  const accepted = phase.kind === "training" || phase.kind === "closing" ? [...phase.accepted.values()] : [];
  const numbers = accepted.find(({ volunteer }) => volunteer === who)?.numbers;
  if (numbers) state.lateNumbers.delete(numbers); // they are no copy when they come again
  if (phase.kind === "closing") {
    phase.accepted = phase.accepted.filter(({ volunteer }) => volunteer !== who);
    phase.averaged = phase.averaged.filter((volunteer) => volunteer !== who);
    phase.beside = phase.beside.filter(({ volunteer }) => volunteer !== who);
  }
  if (phase.kind !== "training") return;
  phase.accepted.delete(who);
  phase.pending.add(who);
}

/** [C50] One use of its code, if it came with one. */
function letIn(
  { admitted, openCodes }: OwnState,
  { volunteer, source, code }: Extract<Fact, { kind: "admitted" }>,
): void {
  admitted.set(volunteer, [...(admitted.get(volunteer) ?? []), { source, code }]);
  if (code === null) return;
  const { uses } = openCodes.get(code) ?? { uses: 1 };
  if (uses > 1) openCodes.set(code, { source, uses: uses - 1 });
  else openCodes.delete(code);
}

/** [C17] */
function remove(state: OwnState, who: VolunteerId): void {
  const { phase } = state;
  state.removed.add(who);
  // [C51] Nobody else is let in by what let it in; who was stays.
  for (const { code } of state.admitted.get(who) ?? []) if (code !== null) state.openCodes.delete(code);
  // [C92] Nor is anything left of what it found of others.
  for (const [of, harm] of state.harms)
    if (!harm.quarantined)
      state.harms.set(of, { ...harm, by: harm.by.filter((reviewer) => reviewer !== who) });
  if (phase.kind !== "training") return;
  phase.assigned.delete(who); // its place does not come back with a removal that is taken back
  phase.accepted.delete(who);
}
