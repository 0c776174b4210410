// The fold from journal to figures.
//
// A fold owns what it folds into, and an entry costs what it changes, however long the run. What is read of it, `now()`, are
// values that never change: lists are copied when they are read, and shared for as long as they stay the same, so React
// sees what changed.

import type { Millis } from "@homebody/base";
import { exchangeOf, standardBytes } from "@homebody/dept";
import { bodyId, groupOf, type ManifestSource, type RunManifest, type SectionFile } from "@homebody/protocol";
import type { Entry, Fact } from "./facts.ts";
import type { BodyFigure, DeltaFigure, Figures, RoundFigure, ScoreFigure, SourceFigure } from "./figures.ts";
import { waits, withSources } from "./joining.ts";
import { ShownList } from "./shown-list.ts";
import type { JoiningSource } from "./state.ts";

export interface FiguresFold {
  /** The last entry folded in. */
  readonly seq: number;
  /** Takes entries that follow those already taken. Throws where one is missing, with those before it taken. */
  follow(entries: readonly Entry[]): void;
  now(): Figures;
}

export function figuresOf(entries: readonly Entry[]): Figures | undefined {
  return entries.length === 0 ? undefined : foldFigures(entries).now();
}

/** Begins with a journal's first entries, of which the first creates the run. */
export function foldFigures(entries: readonly Entry[]): FiguresFold {
  const [first, ...rest] = entries;
  if (first?.fact.kind !== "created")
    throw new Error(`figures: expected a created fact first, got ${first?.fact.kind ?? "none"}`);
  const draft = created(first.fact, first.at);
  let { seq, at } = first;
  let shown: Figures | undefined;
  const self: FiguresFold = {
    get seq() {
      return seq;
    },
    follow(more) {
      for (const entry of more) {
        if (entry.seq !== seq + 1)
          throw new Error(`figures: expected entry ${seq + 1}, got entry ${entry.seq}`);
        shown = undefined;
        fold(draft, entry);
        ({ seq, at } = entry);
      }
    },
    now() {
      shown ??= { ...draft.values, ...draft.show(), seq, at };
      return shown;
    },
  };
  self.follow(rest);
  return self;
}

type ListName = "bodies" | "scores" | "deltas" | "roundList";
type Values = Omit<Figures, ListName | "seq" | "at">;

interface Draft {
  readonly values: { -readonly [K in keyof Values]: Values[K] };
  readonly bodies: ShownList<BodyFigure>;
  /** By source id. */
  readonly scores: Map<string, ShownList<ScoreFigure>>;
  readonly deltas: ShownList<DeltaFigure>;
  readonly rounds: ShownList<RoundFigure>;
  show(): Pick<Figures, ListName>;
}

function created({ manifest, parameters, sections }: Extract<Fact, { kind: "created" }>, at: Millis): Draft {
  const draft: Draft = {
    values: {
      run: manifest.run,
      manifest,
      name: manifest.name,
      description: manifest.description,
      host: manifest.host,
      createdAt: at,
      phase: "gathering",
      round: 1,
      published: 0,
      rounds: manifest.rounds,
      deadline: null,
      paused: false,
      ending: false,
      finished: false,
      parameters,
      travelling: travelling(manifest),
      sources: manifest.sources.map((source) => sourceFigure(source, null)),
      joining: [],
      tokens: 0,
      steps: 0,
      traffic: {
        deltaBytes: 0,
        sectionBytes: { theta: 0, phi: 0, psi: 0 },
        bodyBytes: 0,
        wouldHaveSentBytes: 0,
      },
      removed: [],
    },
    bodies: new ShownList(),
    scores: new Map(manifest.sources.map(({ id }) => [id, new ShownList()])),
    deltas: new ShownList(),
    rounds: new ShownList(),
    show: () => ({
      bodies: draft.bodies.shown(),
      scores: scores(),
      deltas: draft.deltas.shown(),
      roundList: draft.rounds.shown(),
    }),
  };
  const scores = shownRecord(draft.scores);
  draft.bodies.change().push(bodyFigure(0, sections, at));
  return draft;
}

/** Shows a record of lists: the same one for as long as all of them are the same. */
function shownRecord<T>(
  lists: ReadonlyMap<string, ShownList<T>>,
): () => Readonly<Record<string, readonly T[]>> {
  let record: Readonly<Record<string, readonly T[]>> = {};
  return () => {
    const shown = [...lists].map(([name, list]) => [name, list.shown()] as const);
    if (shown.some(([name, list]) => record[name] !== list)) record = Object.fromEntries(shown);
    return record;
  };
}

function fold(draft: Draft, { at, fact }: Entry): void {
  const { values } = draft;
  switch (fact.kind) {
    case "created":
      throw new Error("figures: a second created fact");
    case "opened": {
      values.phase = "training";
      values.round = fact.round;
      values.deadline = fact.deadline;
      const list = draft.rounds.change();
      if (list.at(-1)?.round === fact.round) list.pop(); // it lapsed, and opens again
      list.push({
        round: fact.round,
        openedAt: at,
        closedAt: null,
        publishedAt: null,
        reason: null,
        assigned: fact.assigned.map(({ volunteer }) => volunteer),
        averaged: [],
        meanNorm: null,
      });
      return;
    }
    case "accepted": {
      const { round, volunteer, source, norm, loss, steps, tokens } = fact;
      const sizeBytes = fact.sections.reduce((sum, section) => sum + section.sizeBytes, 0);
      const delta = { round, volunteer, source, norm, cosine: null, sizeBytes, loss, steps, tokens, at };
      draft.deltas.change().push(delta);
      values.tokens += tokens;
      values.steps += steps;
      const { deltaBytes, wouldHaveSentBytes, bodyBytes } = values.traffic;
      const sectionBytes = { ...values.traffic.sectionBytes };
      for (const section of fact.sections) sectionBytes[groupOf(section.name)] += section.sizeBytes;
      values.traffic = {
        deltaBytes: deltaBytes + sizeBytes,
        sectionBytes,
        bodyBytes,
        wouldHaveSentBytes: wouldHaveSentBytes + standardBytes(values.parameters, source, steps),
      };
      return;
    }
    case "evaluated": {
      const list = draft.scores.get(fact.source) ?? new ShownList();
      draft.scores.set(fact.source, list);
      score(list.change(), fact, at);
      return;
    }
    case "closed":
      values.phase = "closing";
      values.deadline = null;
      changeLast(draft.rounds, { closedAt: at, reason: fact.reason, averaged: fact.averaged });
      return;
    case "published":
      draft.bodies.change().push(bodyFigure(fact.round, fact.sections, at));
      values.phase = "gathering";
      values.published = fact.round;
      values.round = Math.min(fact.round + 1, Math.max(values.rounds, fact.round));
      values.traffic = { ...values.traffic, bodyBytes: values.traffic.bodyBytes + fact.servedBytes };
      compare(draft.deltas.change(), fact);
      changeLast(draft.rounds, { publishedAt: at, meanNorm: fact.meanNorm });
      nobodyWaits(draft);
      return;
    case "lapsed":
      values.phase = "gathering";
      values.deadline = null;
      nobodyWaits(draft);
      return;
    case "evaluating":
      values.phase = "evaluating";
      values.deadline = fact.deadline;
      return;
    case "finished":
      values.phase = "finished";
      values.round = values.published;
      values.deadline = null;
      values.finished = true;
      return;
    case "restarted":
      if (fact.deadline !== null) values.deadline = fact.deadline;
      return;
    case "source-added": {
      const { source, sections, phi } = fact;
      const { parameters } = values;
      values.parameters = { ...parameters, phi: { ...parameters.phi, [source.id]: phi } };
      if (waits(fact, values.phase)) values.joining = [...values.joining, { source, sections }];
      else join(draft, [{ source, sections }]);
      return;
    }
    case "changed":
      values.manifest = fact.manifest;
      values.description = fact.manifest.description;
      values.host = fact.manifest.host;
      values.rounds = fact.manifest.rounds;
      return;
    case "paused":
      values.paused = true;
      return;
    case "resumed":
      values.paused = false;
      if (fact.deadline !== null) values.deadline = fact.deadline;
      return;
    case "removed":
      values.removed = [...values.removed, fact.volunteer];
      return;
    case "ending":
      values.ending = true;
      return;
    case "left":
      return;
    default:
      fact satisfies never;
  }
}

/** [C21] These sources take part from here on. */
function join({ values, bodies, scores }: Draft, joining: readonly JoiningSource[]): void {
  if (joining.length === 0) return;
  const { number, sections: before, at } = bodies.items.at(-1)!;
  const { manifest, sections } = withSources({ manifest: values.manifest, sections: before }, joining);
  changeLast(bodies, bodyFigure(number, sections, at));
  values.manifest = manifest;
  values.travelling = travelling(manifest);
  values.sources = [...values.sources, ...joining.map(({ source }) => sourceFigure(source, number))];
  for (const { source } of joining) scores.set(source.id, new ShownList());
}

function nobodyWaits(draft: Draft): void {
  join(draft, draft.values.joining);
  draft.values.joining = [];
}

function changeLast<T extends object>(list: ShownList<T>, change: Partial<T>): void {
  const last = list.items.at(-1);
  if (last !== undefined) list.change().splice(-1, 1, { ...last, ...change });
}

/** Adds one volunteer's evaluation to its source's point for that body. */
function score(list: ScoreFigure[], fact: Extract<Fact, { kind: "evaluated" }>, at: Millis): void {
  const same = list.at(-1)?.body === fact.body ? list.pop() : undefined;
  const nats = (same?.nats ?? 0) + fact.nats;
  const bytes = (same?.bytes ?? 0) + fact.bytes;
  list.push({
    body: fact.body,
    bitsPerByte: nats / Math.LN2 / bytes,
    bytes,
    volunteers: (same?.volunteers ?? 0) + 1,
    nats,
    at,
  });
}

/** Of the round's deltas, which are the last ones: how each points beside their mean. */
function compare(deltas: DeltaFigure[], fact: Extract<Fact, { kind: "published" }>): void {
  const cosines = new Map(fact.cosines.map(({ volunteer, cosine }) => [volunteer, cosine]));
  for (let i = deltas.length - 1; i >= 0 && deltas[i]!.round === fact.round; i--)
    deltas[i] = { ...deltas[i]!, cosine: cosines.get(deltas[i]!.volunteer) ?? null };
}

/** Parameters of all sections. */
function travelling(manifest: RunManifest): number {
  return exchangeOf(manifest).sections.reduce((sum, { layout }) => sum + layout.size, 0);
}

function sourceFigure(
  { id, title, language, vocabulary }: ManifestSource,
  sinceBody: SourceFigure["sinceBody"],
): SourceFigure {
  return { id, title, language, vocabulary, sinceBody };
}

function bodyFigure(number: number, sections: readonly SectionFile[], at: Millis): BodyFigure {
  return { number, id: bodyId(sections), sections, at };
}
