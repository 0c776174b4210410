// A run played over the production core: each command is followed by ticks until nothing is due, each fact is folded in by
// itself, and where the phase changes everybody is announced to and the figures are read. Its parts are timed.

import { type Millis, type Sha256, type SourceId, sha256OfText, type VolunteerId } from "@homebody/base";
import {
  announcementFor,
  assignedTo,
  type Command,
  createdFact,
  decide,
  type Entry,
  evolve,
  type Fact,
  foldRun,
  mayAccept,
  namesOf,
  type Ready,
  type RunFold,
} from "@homebody/coordinator";
import { type Announcement, checkRunFile, manifestOf, volunteerOf } from "@homebody/protocol";

/**
 * Decisions: commands, ticks, and whether a chunk may be taken. Folds (`evolve`): names of facts, and their folds into the
 * state and into what is kept of blobs. Announcements to everybody at each change of phase. Figures: their folds, and readings.
 */
export type Part = "decide" | "evolve" | "announce" | "figures";

const chunks = 2;
const quiet: ReadonlySet<Fact["kind"]> = new Set(["accepted", "evaluated"]);

export interface PlayedRun {
  readonly fold: RunFold;
  /** From the round's opening to the next one's: what each part of the core took, in seconds. */
  play(round: number): Readonly<Record<Part, number>>;
}

/** `appended` sees every entry, in order. */
export function playedRun(
  volunteers: number,
  rounds: number,
  appended: (entries: readonly Entry[]) => void = () => {},
): PlayedRun {
  const created = first(rounds);
  const fold = foldRun([created]);
  const { state, figures, blobs } = fold;
  appended([created]);
  const ready = new Map(
    Array.from({ length: volunteers }, (_, i): readonly [VolunteerId, Ready] => [
      volunteerOf(`volunteer ${i}`),
      { source: sources[i % sources.length]!, rows: null },
    ]),
  );
  const seconds: Record<Part, number> = { decide: 0, evolve: 0, announce: 0, figures: 0 };
  let now = 0;

  function timed<T>(part: Part, work: () => T): T {
    const began = performance.now();
    const result = work();
    seconds[part] += (performance.now() - began) / 1000;
    return result;
  }

  function append(facts: readonly Fact[]): void {
    const entries = facts.map((fact, i): Entry => ({ seq: figures.seq + 1 + i, at: now as Millis, fact }));
    timed("evolve", () => {
      namesOf(state.manifest, entries);
      for (const entry of entries) evolve(state, entry);
      blobs.follow(entries, state);
    });
    timed("figures", () => figures.follow(entries));
    appended(entries);
    if (facts.every(({ kind }) => quiet.has(kind))) return;
    timed("figures", () => figures.now());
    const announced: Announcement[] = []; // kept: what nobody looks at the compiler leaves out
    timed("announce", () => {
      for (const volunteer of ready.keys())
        announced.push(announcementFor(state, volunteer, ready, now as Millis));
    });
    if (announced.some(({ kind }) => kind !== state.phase.kind))
      throw new Error(`announcements: expected ${state.phase.kind} to be told to everybody`);
  }

  /** Whether it left a fact. */
  function step(command: Command): boolean {
    now += 1;
    const decision = timed("decide", () => decide(state, command, now as Millis));
    if (!decision.ok) throw new Error(`${command.kind}: expected to be taken, got ${decision.refusal}`);
    if (decision.facts.length > 0) append(decision.facts);
    return decision.facts.length > 0;
  }

  function carryOut(command: Command): void {
    step(command);
    while (step({ kind: "tick", ready }));
  }

  function deliver(volunteer: VolunteerId, { source }: Ready, round: number): void {
    const sender = { round, volunteer, source };
    timed("decide", () => {
      const refusals = Array.from({ length: 1 + chunks + 1 }, () => mayAccept(state, sender));
      if (refusals.some(Boolean) || assignedTo(state, sender) === undefined)
        throw new Error(`delta of round ${round}: expected it to be taken, got ${refusals}`);
    });
    const delta = hashOf(`${volunteer} ${round}`);
    const sections = [{ name: "theta", sizeBytes: 1000 }] as const;
    const numbers = hashOf(`numbers of ${volunteer} ${round}`);
    const claim = { steps: 10, tokens: 320, loss: 2, norm: 1 };
    carryOut({ kind: "accept", ...sender, delta, sections, numbers, ...claim });
  }

  function evaluate(volunteer: VolunteerId, { source }: Ready): void {
    const { number, id } = state.body;
    const score = { nats: 70, tokens: 30, bytes: 50 };
    carryOut({ kind: "evaluate", volunteer, source, body: number, id, ...score });
  }

  function publish(round: number): void {
    const { phase } = state;
    if (phase.kind !== "closing" || phase.averaged.length !== volunteers)
      throw new Error(`round ${round}: expected it closed with all deltas, got ${phase.kind}`);
    const sections = [{ name: "theta", sha256: hashOf(`body ${round}`), sizeBytes: 1000 }] as const;
    const cosines = phase.averaged.map((volunteer) => ({ volunteer, cosine: 0.5, others: 0.4 }));
    const averages = {
      sections,
      outer: [],
      cosines,
      clipped: [],
      meanNorm: 1,
      servedBytes: 1000 * volunteers,
    };
    carryOut({ kind: "published", round, ...averages });
  }

  return {
    fold,
    play(round) {
      const before = { ...seconds };
      while (step({ kind: "tick", ready })); // only the first round is not open yet
      for (const [volunteer, one] of ready) evaluate(volunteer, one);
      for (const [volunteer, one] of ready) deliver(volunteer, one, round);
      publish(round);
      const took = (part: Part) => seconds[part] - before[part];
      return {
        decide: took("decide"),
        evolve: took("evolve"),
        announce: took("announce"),
        figures: took("figures"),
      };
    },
  };
}

const sources = Array.from({ length: 8 }, (_, i) => `s${i}` as SourceId);

function first(rounds: number): Entry {
  const file = checkRunFile({
    name: "core",
    description: "a run without devices",
    model: { family: "llama", depth: 1, context: 16 },
    sources: sources.map((id) => ({ id, title: id, language: id, text: "brought", vocabulary: 300 })),
    training: { localSteps: 10, batch: 2, learningRate: { peak: 0.01 }, seed: 1 },
    rounds,
    keep: { bodies: { every: 10 }, undoBodies: 5, deltaRounds: 3 }, // what a run has whose texts are served
    round: {
      minimum: 2,
      quorum: "all",
      graceSeconds: 5,
      deadlineSeconds: 86_400,
      evaluationSeconds: 50,
      minimumSeconds: 0,
    },
  });
  const manifest = manifestOf(file, new Map());
  const fact = createdFact(manifest, [{ name: "theta", sha256: hashOf("body 0"), sizeBytes: 1000 }]);
  return { seq: 1, at: 0 as Millis, fact };
}

function hashOf(text: string): Sha256 {
  return sha256OfText(text);
}
