// From entries to rows: one number each [J3].

import type { Millis, SourceId, VolunteerId } from "@homebody/base";
import { type Entry, type Fact, type FiguresFold, foldFigures } from "@homebody/coordinator";
import { learningRate } from "@homebody/dept";
import { totalBytes } from "@homebody/protocol";
import type { MeasureName } from "./measures.ts";

export interface Row {
  readonly seq: number;
  readonly at: Millis;
  /** Or the number of the body that was measured. */
  readonly round: number;
  /** Null where it is the run's. */
  readonly source: SourceId | null;
  /** Null where it is the source's or the run's. */
  readonly volunteer: VolunteerId | null;
  readonly measure: MeasureName;
  readonly value: number;
}

type Accepted = Extract<Fact, { kind: "accepted" }>;
type Opened = Extract<Fact, { kind: "opened" }>;
type Published = Extract<Fact, { kind: "published" }>;
type Value = Omit<Row, "seq" | "at">;

/** Takes a journal's entries in their order, from the first on, and returns the rows that each gives. */
export function measuring(): (entry: Entry) => readonly Row[] {
  const run = new Measuring();
  return (entry) => run.follow(entry).map((value) => ({ seq: entry.seq, at: entry.at, ...value }));
}

class Measuring {
  #figures: FiguresFold | undefined;
  /** Of the round that is open or closing. */
  #openedAt: Millis | undefined;
  #deltas = new Map<VolunteerId, Accepted>();
  /** The last body whose scores are told. */
  #scored = -1;

  follow(entry: Entry): readonly Value[] {
    const { at, fact } = entry;
    // Before the body that follows is known: from here on nothing is said of the one before.
    const scores = fact.kind === "published" || fact.kind === "finished" ? this.#scores() : [];
    if (this.#figures === undefined) this.#figures = foldFigures([entry]);
    else this.#figures.follow([entry]);
    switch (fact.kind) {
      case "opened":
        this.#openedAt = at;
        this.#deltas.clear();
        return [ofRun(fact.round, "learning-rate", this.#rateOf(fact)), ...assignedIn(fact)];
      case "accepted":
        this.#deltas.set(fact.volunteer, fact);
        return ofDelta(fact);
      case "evaluated":
        return ofEvaluation(fact);
      case "closed":
        this.#keepAlone(new Set(fact.averaged));
        return [];
      case "dropped":
        this.#deltas.delete(fact.volunteer);
        return [];
      case "undone":
        this.#openedAt = undefined;
        this.#deltas.clear();
        return [];
      case "published":
        return [...scores, ...this.#ofBody(fact, at)];
      default:
        return scores;
    }
  }

  #rateOf({ stepsBefore, totalSteps }: Opened): number {
    return learningRate(this.#figures!.now().manifest.training.learningRate, stepsBefore, totalSteps);
  }

  #keepAlone(averaged: ReadonlySet<VolunteerId>): void {
    for (const volunteer of this.#deltas.keys()) if (!averaged.has(volunteer)) this.#deltas.delete(volunteer);
  }

  /** Of the body that was the latest. */
  #scores(): readonly Value[] {
    const { published, scores } = this.#figures!.now();
    if (published <= this.#scored) return [];
    this.#scored = published;
    return Object.entries(scores).flatMap(([source, list]) => {
      const score = list.findLast(({ body }) => body === published);
      if (score === undefined) return [];
      return [ofSource(published, source as SourceId, "bits-per-byte", score.bitsPerByte)];
    });
  }

  #ofBody(fact: Published, at: Millis): readonly Value[] {
    const { round } = fact;
    const { tokens, steps } = this.#figures!.now();
    const took =
      this.#openedAt === undefined ? [] : [ofRun(round, "round-seconds", (at - this.#openedAt) / 1000)];
    return [
      ...took,
      ofRun(round, "mean-norm", fact.meanNorm),
      ofRun(round, "body-bytes", totalBytes(fact.sections)),
      ofRun(round, "bytes-down", fact.servedBytes),
      ofRun(round, "tokens-total", tokens),
      ofRun(round, "steps-total", steps),
      ...averagedBySource(round, [...this.#deltas.values()]),
      ...this.#ofDeltasIn(fact),
    ];
  }

  #ofDeltasIn({ round, cosines, clipped }: Published): readonly Value[] {
    const shares = new Map(clipped.map(({ volunteer, kept }) => [volunteer, kept]));
    return cosines.flatMap(({ volunteer, cosine, others }) => {
      const delta = this.#deltas.get(volunteer);
      if (delta === undefined) return []; // of a round of before, averaged anew
      const of = { round, source: delta.source, volunteer };
      return [
        { ...of, measure: "delta-cosine", value: cosine } as const,
        ...(others === null ? [] : [{ ...of, measure: "delta-cosine-to-others", value: others } as const]),
        { ...of, measure: "delta-kept", value: shares.get(volunteer) ?? 1 } as const,
      ];
    });
  }
}

const ofRun = (round: number, measure: MeasureName, value: number): Value => ({
  ...{ round, source: null, volunteer: null },
  ...{ measure, value },
});

const ofSource = (round: number, source: SourceId, measure: MeasureName, value: number): Value => ({
  ...{ round, source, volunteer: null },
  ...{ measure, value },
});

function assignedIn({ round, assigned }: Opened): readonly Value[] {
  return bySource(assigned).map(([source, list]) => ofSource(round, source, "volunteers", list.length));
}

function ofDelta({
  round,
  source,
  volunteer,
  loss,
  norm,
  tokens,
  steps,
  sections,
  body,
}: Accepted): readonly Value[] {
  const of = (measure: MeasureName, value: number) => ({ round, source, volunteer, measure, value });
  return [
    of("delta-loss", loss),
    of("delta-norm", norm),
    of("delta-tokens", tokens),
    of("delta-steps", steps),
    of("delta-bytes", totalBytes(sections)),
    ...(body === undefined ? [] : [of("delta-staleness", round - 1 - body)]),
  ];
}

function ofEvaluation({
  body,
  source,
  volunteer,
  nats,
  tokens,
  bytes,
}: Extract<Fact, { kind: "evaluated" }>): readonly Value[] {
  const of = (measure: MeasureName, value: number) => ({ round: body, source, volunteer, measure, value });
  const rate = bytes === 0 ? [] : [of("heldout-bits-per-byte", nats / Math.LN2 / bytes)];
  return [...rate, of("heldout-tokens", tokens), of("heldout-bytes", bytes)];
}

function averagedBySource(round: number, deltas: readonly Accepted[]): readonly Value[] {
  return bySource(deltas).flatMap(([source, own]) => {
    const of = (measure: MeasureName, value: number) => ofSource(round, source, measure, value);
    const tokens = sum(own, (delta) => delta.tokens);
    const loss = tokens === 0 ? [] : [of("loss", sum(own, (delta) => delta.loss * delta.tokens) / tokens)];
    return [
      of("deltas", own.length),
      ...loss,
      of("tokens", tokens),
      of(
        "bytes-up",
        sum(own, ({ sections }) => totalBytes(sections)),
      ),
    ];
  });
}

/** In the order of source ids. */
function bySource<T extends { readonly source: SourceId }>(
  all: readonly T[],
): readonly [SourceId, readonly T[]][] {
  const ids = [...new Set(all.map(({ source }) => source))].sort();
  return ids.map((id) => [id, all.filter(({ source }) => source === id)]);
}

const sum = <T>(all: readonly T[], of: (one: T) => number) => all.reduce((total, one) => total + of(one), 0);
