// decide(state, command, now) -> facts | refusal. Pure: the same state, command and time give the same facts.
//
// A volunteer's command leaves at most the fact that it asks for; whatever follows from it (the round closes, the
// next one opens) is found by the next tick, which the shell sends after every command. So every way in which a
// round can end is in one place (tick.ts).

import type { Millis, Sha256, VolunteerId } from "@homebody/base";
import { differences, fixedPart, type Refusal, type RunManifest, schemaVersion } from "@homebody/protocol";
import { approving, entering, inviting } from "./admission.ts";
import type { Command } from "./commands.ts";
import type { Assigned, Fact } from "./facts.ts";
import { holding } from "./hold.ts";
import { withJoining } from "./joining.ts";
import { reviewing } from "./reviews.ts";
import { mayEvaluate, scored } from "./scores.ts";
import { carriesFrom, seniorityOf } from "./standings.ts";
import { oldestStart } from "./starts.ts";
import type { RunState } from "./state.ts";
import { closing, tick } from "./tick.ts";
import { mayUndo, undone } from "./undo.ts";

export type Decision =
  | { readonly ok: true; readonly facts: readonly Fact[] }
  | { readonly ok: false; readonly refusal: Refusal };

export function decide(state: RunState, command: Command, now: Millis): Decision {
  switch (command.kind) {
    case "accept":
      return accept(state, command);
    case "evaluate":
      return evaluate(state, command);
    case "review":
      return review(state, command);
    case "leave":
      return isAwaited(state, command) ? facts({ kind: "left", volunteer: command.volunteer }) : facts();
    case "admit":
      return factsOr(entering(state, command));
    case "tick":
      return facts(...tick(state, command.ready, now));
    case "published": {
      if (state.phase.kind !== "closing" || state.phase.round !== command.round)
        throw new Error(`published round ${command.round}: expected that round closing, got ${shown(state)}`);
      return facts(command);
    }
    case "drop":
      return drop(state, command);
    case "abandon":
      return abandon(state, command.round);
    case "restart":
      return state.phase.kind === "finished"
        ? facts()
        : facts({ kind: "restarted", deadline: later(state, command.aliveAt, now) });
    case "change":
      return change(state, command.manifest, now);
    case "add-source":
      return addSource(state, command);
    case "admin":
      return administer(state, command.act, now);
    default:
      command satisfies never;
      throw new Error(`unknown command ${JSON.stringify(command)}`);
  }
}

export type Accept = Extract<Command, { kind: "accept" }>;

type Sender = Pick<Accept, "round" | "volunteer" | "source" | "body">;

/** Whether a delta of this sender for this round could count now: asked before a byte of it is taken. */
export function mayAccept(state: RunState, sender: Sender): Refusal | undefined {
  const { round, volunteer } = sender;
  const { phase } = state;
  if (phase.kind === "finished") return "finished"; // [C15]
  if (state.removed.has(volunteer)) return "removed"; // [C17]
  if (phase.kind !== "training" || phase.round !== round) return "wrong-round";
  if (phase.accepted.has(volunteer)) return "already-accepted";
  if (assignedTo(state, sender) === undefined) return "not-assigned";
  const { body = state.body.number } = sender;
  return body < oldestStart(state) || body > state.body.number ? "stale" : undefined; // [C81]
}

/** The place that a volunteer has in the open round, with the source that it has now. */
export function assignedTo(
  { phase }: RunState,
  { volunteer, source }: Pick<Accept, "volunteer" | "source">,
): Assigned | undefined {
  if (phase.kind !== "training") return undefined;
  const assigned = phase.assigned.get(volunteer);
  return assigned?.source === source ? assigned : undefined;
}

function accept(state: RunState, command: Accept): Decision {
  const refusal = mayAccept(state, command);
  if (refusal) return { ok: false, refusal };
  const { phase, manifest } = state;
  if (phase.kind !== "training") throw new Error("accept: the round is not open");
  if (!isStandstill(state, command) && state.lateNumbers.has(command.numbers))
    return { ok: false, refusal: "copied-delta" }; // [C37]
  const { rows } = assignedTo(state, command)!;
  // [C11]
  const steps = Math.min(command.steps, phase.localSteps);
  const tokens = Math.min(command.tokens, steps * manifest.training.batch * manifest.model.context);
  const { kind: _, body, ...rest } = command;
  const [seniority, from] = [seniorityOf(state, command), carriesFrom(state, command)];
  const start = body === undefined || body === state.body.number ? {} : { body }; // [C82]
  return facts({ kind: "accepted", ...rest, ...start, rows, steps, tokens, seniority, carriesFrom: from });
}

/**
 * [C67] Of deltas that came together: each is decided as if those before it in the list were in already, and nothing else had
 * happened between, so that all of their facts may be appended at once.
 */
export function acceptTogether(state: RunState, commands: readonly Accept[]): readonly Decision[] {
  const senders = new Set<VolunteerId>();
  const numbers = new Set<Sha256>();
  return commands.map((command): Decision => {
    const decision = accept(state, command);
    if (!decision.ok) return decision;
    if (senders.has(command.volunteer)) return { ok: false, refusal: "already-accepted" };
    if (!isStandstill(state, command) && numbers.has(command.numbers))
      return { ok: false, refusal: "copied-delta" };
    senders.add(command.volunteer);
    numbers.add(command.numbers);
    return decision;
  });
}

/** A delta of zeros where the body is frozen: no copy of another one [C37]. */
const isStandstill = ({ manifest }: RunState, { norm }: Accept) => manifest.training.frozenBody && norm === 0;

function evaluate(state: RunState, command: Extract<Command, { kind: "evaluate" }>): Decision {
  if (state.phase.kind === "finished") return { ok: false, refusal: "finished" };
  if (state.removed.has(command.volunteer)) return { ok: false, refusal: "removed" };
  if (command.body !== state.body.number || command.id !== state.body.id)
    return { ok: false, refusal: "wrong-body" }; // [C13]
  if (state.evaluated.has(command.volunteer)) return facts();
  if (!mayEvaluate(state, command)) return { ok: false, refusal: "not-assigned" }; // [C33]
  const { kind: _, ...evaluation } = command;
  const fact = scored(state, evaluation);
  if (typeof fact === "string") return { ok: false, refusal: fact };
  if (fact === undefined) return facts();
  const held = holding(state, fact);
  return held === undefined ? facts(fact) : facts(fact, held);
}

function review(state: RunState, command: Extract<Command, { kind: "review" }>): Decision {
  if (state.phase.kind === "finished") return { ok: false, refusal: "finished" };
  if (state.removed.has(command.reviewer)) return { ok: false, refusal: "removed" };
  return factsOr(reviewing(state, command));
}

/** [C9] Somebody whom something waits for; the departure of others is no fact. */
function isAwaited({ phase, contributors }: RunState, { volunteer }: { volunteer: Accept["volunteer"] }) {
  const pending = phase.kind === "training" || phase.kind === "evaluating" ? phase.pending : undefined;
  if (phase.kind === "finished") return false;
  return contributors.has(volunteer) || (pending?.has(volunteer) ?? false);
}

/** [C44] Nothing to do where it counts no more. */
function drop({ phase }: RunState, command: Extract<Command, { kind: "drop" }>): Decision {
  const { round, volunteer } = command;
  if ((phase.kind !== "training" && phase.kind !== "closing") || phase.round !== round) return facts();
  const counts =
    phase.kind === "training" ? phase.accepted.has(volunteer) : phase.averaged.includes(volunteer);
  return counts ? facts({ ...command, kind: "dropped" }) : facts();
}

/** [C46] */
function abandon({ phase, ending, paused }: RunState, round: number): Decision {
  if (phase.kind !== "closing" || phase.round !== round) return facts();
  if (ending) return facts({ kind: "lapsed", round });
  if (phase.reason !== "undo") return facts();
  return facts({ kind: "lapsed", round }, ...(paused ? [] : [{ kind: "paused" } as const]));
}

/** [C19] */
function change(state: RunState, manifest: RunManifest, now: Millis): Decision {
  const sameRun = manifest.run === state.manifest.run;
  if (!sameRun || differences(fixedPart(state.manifest), fixedPart(manifest)).length > 0)
    return { ok: false, refusal: "wrong-run" };
  if (differences(state.manifest, manifest).length === 0) return facts();
  const changed = { kind: "changed", schema: schemaVersion, manifest } as const;
  if (reopens(state, manifest)) return facts(changed, { kind: "reopened" });
  // A round may be open beyond what is done.
  if (endsBy(state, manifest.rounds)) return facts(changed, ...resumed(state, now), { kind: "ending" });
  if (state.phase.kind === "finished") return { ok: false, refusal: "finished" };
  return facts(changed);
}

/** [C42] A run at its end that gets more rounds than it had, and than are done. */
function reopens(state: RunState, { rounds }: RunManifest): boolean {
  return isAtEnd(state) && rounds > state.manifest.rounds && rounds > state.body.number;
}

/** [C42] Whether so few rounds would end a run that has others before it: asked before anything is changed. */
export function endsBy(state: RunState, rounds: number): boolean {
  return !isAtEnd(state) && rounds < state.manifest.rounds && rounds <= state.body.number;
}

function isAtEnd({ ending, phase }: RunState): boolean {
  return ending || phase.kind === "finished" || phase.kind === "evaluating";
}

/** [C21] Whether a source could join now: asked before anything of it is made durable. */
export function mayJoin(state: RunState): Refusal | undefined {
  // Where no further round opens it could never take part.
  return isAtEnd(state) ? "finished" : undefined;
}

function addSource(state: RunState, command: Extract<Command, { kind: "add-source" }>): Decision {
  const { kind: _, ...rest } = command;
  if (withJoining(state).sources.some(({ id }) => id === command.source.id)) return facts();
  const refusal = mayJoin(state);
  if (refusal) return { ok: false, refusal };
  return facts({ kind: "source-added", schema: schemaVersion, ...rest });
}

function administer(state: RunState, act: Extract<Command, { kind: "admin" }>["act"], now: Millis): Decision {
  const { phase } = state;
  if (phase.kind === "finished") return { ok: false, refusal: "finished" };
  switch (act.kind) {
    case "invite":
      return factsOr(inviting(state, act));
    case "approve":
      return factsOr(approving(state, act));
    case "pause":
      return state.paused ? facts() : facts({ kind: "paused" });
    case "resume":
      return facts(...resumed(state, now));
    case "end-round": {
      if (phase.kind !== "training") return { ok: false, refusal: "wrong-round" };
      return facts(closing(state, phase, "admin") ?? { kind: "lapsed", round: phase.round });
    }
    case "end-run": {
      // [C18] What is left to do (closing, the last evaluation) the next tick finds.
      if (state.ending) return facts();
      return facts(...resumed(state, now), { kind: "ending" });
    }
    case "remove":
      return state.removed.has(act.volunteer)
        ? facts()
        : facts({ kind: "removed", volunteer: act.volunteer });
    case "restore":
      return state.removed.has(act.volunteer)
        ? facts({ kind: "restored", volunteer: act.volunteer })
        : facts();
    case "undo": {
      const refusal = mayUndo(state, act);
      return refusal ? { ok: false, refusal } : facts(undone(state, act));
    }
    default:
      act satisfies never;
      throw new Error(`unknown act ${JSON.stringify(act)}`);
  }
}

/** [C16] Nothing to do unless paused. */
function resumed(state: RunState, now: Millis): Fact[] {
  if (state.pausedAt === null) return [];
  const { phase } = state;
  const runs = phase.kind === "training" || phase.kind === "evaluating";
  const moved = now - state.pausedAt;
  return [{ kind: "resumed", deadline: runs ? ((phase.deadline + moved) as Millis) : null }];
}

/** [C12] The deadline moved by the time since the coordinator was last alive; null where none runs. */
function later(state: RunState, aliveAt: Millis, now: Millis): Millis | null {
  const { phase } = state;
  if (state.paused || (phase.kind !== "training" && phase.kind !== "evaluating")) return null;
  // Later than now where the clock was set back meanwhile: then the deadline is moved back with it.
  const since = Math.max(aliveAt, state.lastAt);
  return (phase.deadline + now - since) as Millis;
}

function facts(...list: readonly (Fact | Extract<Command, { kind: "published" }>)[]): Decision {
  return { ok: true, facts: list };
}

function factsOr(result: readonly Fact[] | Refusal): Decision {
  return typeof result === "string" ? { ok: false, refusal: result } : facts(...result);
}

function shown({ phase }: RunState): string {
  return "round" in phase ? `${phase.kind} ${phase.round}` : phase.kind;
}
