// evolve(state, entry) -> state: the only way a run's state changes [C1]. It decides nothing and refuses nothing:
// a fact has happened.

import type { Millis, VolunteerId } from "@homebody/base";
import { type BodyRef, bodyId, type SectionFile } from "@homebody/protocol";
import type { Entry } from "./facts.ts";
import { waits, withSources } from "./joining.ts";
import type { JoiningSource, Phase, RunState } from "./state.ts";

/** The state that a journal leads to; a journal begins with its `created` fact. */
export function replay(entries: Iterable<Entry>): RunState | undefined {
  let state: RunState | undefined;
  for (const entry of entries) state = evolve(state, entry);
  return state;
}

export function evolve(state: RunState | undefined, entry: Entry): RunState {
  const { fact, at } = entry;
  if (state === undefined) {
    if (fact.kind !== "created")
      throw new Error(`journal: expected a created fact at entry ${entry.seq}, got ${fact.kind}`);
    return born(fact.manifest, bodyRef(0, fact.sections), at);
  }
  // [C12] A source may be added while the coordinator is down: that is no sign of life.
  return { ...next(state, entry), lastAt: fact.kind === "source-added" ? state.lastAt : at };
}

/** The body of a number with these sections. */
export function bodyRef(number: number, sections: readonly SectionFile[]): BodyRef {
  return { number, id: bodyId(sections), sections };
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
    stepsDone: 0,
    lapses: 0,
    removed: new Set(),
    contributors: new Set(),
    evaluated: new Set(),
    lastAt: at,
  };
}

function next(state: RunState, { fact, at }: Entry): RunState {
  const { phase } = state;
  switch (fact.kind) {
    case "created":
      throw new Error("journal: a second created fact");
    case "opened": {
      const { round, assigned, localSteps, stepsBefore, totalSteps, deadline } = fact;
      const pending = new Set(assigned.map(({ volunteer }) => volunteer));
      const opened = { kind: "training", round, assigned, pending, accepted: [] } as const;
      return {
        ...state,
        phase: { ...opened, localSteps, stepsBefore, totalSteps, deadline, quorumAt: null },
      };
    }
    case "accepted": {
      if (phase.kind !== "training") return state;
      const accepted = [...phase.accepted, fact];
      const quorumAt = phase.quorumAt ?? (reached(accepted.length, state) ? at : null);
      const pending = without(phase.pending, fact.volunteer);
      return { ...state, phase: { ...phase, accepted, pending, quorumAt } };
    }
    case "evaluated": {
      const evaluated = new Set(state.evaluated).add(fact.volunteer);
      if (phase.kind !== "evaluating") return { ...state, evaluated };
      return {
        ...state,
        evaluated,
        phase: { ...phase, pending: without(phase.pending, fact.volunteer) },
      };
    }
    case "closed": {
      if (phase.kind !== "training") return state;
      const { round, reason, averaged } = fact;
      const accepted = averaged.map((who) => phase.accepted.find(({ volunteer }) => volunteer === who)!);
      return {
        ...state,
        stepsDone: phase.stepsBefore + phase.localSteps,
        phase: { kind: "closing", round, reason, accepted, averaged },
      };
    }
    case "published":
      return nobodyWaits({
        ...state,
        phase: { kind: "gathering", round: fact.round + 1 },
        body: bodyRef(fact.round, fact.sections),
        outer: fact.outer,
        lapses: 0,
        contributors: new Set(phase.kind === "closing" ? phase.averaged : []),
        evaluated: new Set(),
      });
    case "lapsed":
      return nobodyWaits({
        ...state,
        phase: { kind: "gathering", round: fact.round },
        lapses: state.lapses + 1,
      });
    case "left":
      return waitingNoMore(state, fact.volunteer);
    case "removed":
      return withoutDelta(waitingNoMore(state, fact.volunteer), fact.volunteer);
    case "ending":
      return { ...state, ending: true };
    case "evaluating":
      return {
        ...state,
        phase: { kind: "evaluating", pending: new Set(fact.expected), deadline: fact.deadline },
      };
    case "finished":
      return { ...state, phase: { kind: "finished", reason: fact.reason } };
    case "source-added":
      return waits(fact, phase.kind)
        ? { ...state, joining: [...state.joining, { source: fact.source, sections: fact.sections }] }
        : joined(state, [fact]);
    case "changed":
      return { ...state, manifest: fact.manifest };
    case "paused":
      return { ...state, paused: true, pausedAt: at };
    case "resumed":
      // A quorum reached during the pause starts its grace now.
      return {
        ...state,
        paused: false,
        pausedAt: null,
        phase: postponed(phase, fact.deadline, state.pausedAt, at),
      };
    case "restarted":
      return { ...state, phase: postponed(phase, fact.deadline, null, at) };
    default:
      fact satisfies never;
      throw new Error(`journal: unknown fact ${JSON.stringify(fact)}`);
  }
}

/** [C21] Whoever waited for the next body has it. */
function nobodyWaits(state: RunState): RunState {
  return { ...joined(state, state.joining), joining: [] };
}

/** These sources take part from here on; who has evaluated the body need not do it again for sections that are others'. */
function joined(state: RunState, sources: readonly JoiningSource[]): RunState {
  if (sources.length === 0) return state;
  const { number, sections: before } = state.body;
  const { manifest, sections } = withSources({ manifest: state.manifest, sections: before }, sources);
  return { ...state, manifest, body: bodyRef(number, sections) };
}

/** A numeric quorum is reached; with `all` there is none to reach. */
function reached(deltas: number, { manifest }: RunState): boolean {
  const { quorum } = manifest.round;
  return quorum !== "all" && deltas >= quorum;
}

/** Moves the deadline to the given time, and the quorum's time by as much [C12]. */
function postponed(phase: Phase, deadline: Millis | null, pausedAt: Millis | null, at: Millis): Phase {
  if (deadline === null) return phase;
  if (phase.kind === "evaluating") return { ...phase, deadline };
  if (phase.kind !== "training") return phase;
  const moved = deadline - phase.deadline;
  const during = phase.quorumAt !== null && pausedAt !== null && phase.quorumAt > pausedAt;
  const quorumAt = phase.quorumAt === null ? null : during ? at : ((phase.quorumAt + moved) as Millis);
  return { ...phase, deadline, quorumAt };
}

function waitingNoMore(state: RunState, who: VolunteerId): RunState {
  const contributors = without(state.contributors, who);
  const { phase } = state;
  if (phase.kind !== "training" && phase.kind !== "evaluating") return { ...state, contributors };
  return { ...state, contributors, phase: { ...phase, pending: without(phase.pending, who) } };
}

/** [C17] */
function withoutDelta(state: RunState, who: VolunteerId): RunState {
  const removed = new Set(state.removed).add(who);
  const { phase } = state;
  if (phase.kind !== "training") return { ...state, removed };
  const accepted = phase.accepted.filter(({ volunteer }) => volunteer !== who);
  const quorumAt = reached(accepted.length, state) ? phase.quorumAt : null;
  return { ...state, removed, phase: { ...phase, accepted, quorumAt } };
}

function without(set: ReadonlySet<VolunteerId>, who: VolunteerId): ReadonlySet<VolunteerId> {
  if (!set.has(who)) return set;
  const copy = new Set(set);
  copy.delete(who);
  return copy;
}
