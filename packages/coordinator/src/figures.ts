// Every figure that the dashboard shows, and the last line of `npm start`: a pure fold over the journal.
//
// One entry in, new figures out; arrays that did not change are shared, so React sees what changed. A batch of
// entries copies each array once (`evolveFigures(figures, entries)`), so a long journal folds in linear time.
// Nothing here is measured by a browser: what two watchers see is equal once they have read the same entries.

import type { Millis, RunId, Sha256, SourceId, VolunteerId } from "@homebody/base";
import { exchangeOf, type ParameterCounts, standardBytes } from "@homebody/dept";
import {
  bodyId,
  type GroupName,
  groupOf,
  type ManifestSource,
  type RunManifest,
  type SectionFile,
} from "@homebody/protocol";
import type { CloseReason, Entry, Fact } from "./facts.ts";
import { waits, withSources } from "./joining.ts";
import type { JoiningSource } from "./state.ts";

export type PhaseWord = "gathering" | "training" | "closing" | "evaluating" | "finished";

export interface BodyFigure {
  readonly number: number;
  readonly id: Sha256;
  readonly sections: readonly SectionFile[];
  readonly at: Millis;
}

/** Of one body on one source: its volunteers together, weighted by bytes. */
export interface ScoreFigure {
  readonly body: number;
  readonly bitsPerByte: number;
  readonly bytes: number;
  readonly volunteers: number;
  readonly nats: number;
  readonly at: Millis; // of the latest evaluation
}

export interface DeltaFigure {
  readonly round: number;
  readonly volunteer: VolunteerId;
  readonly source: SourceId;
  readonly norm: number;
  /** To the weighted mean of its round; null until the round is published, or if it was not averaged. */
  readonly cosine: number | null;
  readonly sizeBytes: number;
  readonly loss: number; // nats a token
  readonly steps: number;
  readonly tokens: number;
  readonly at: Millis;
}

export interface RoundFigure {
  readonly round: number;
  readonly openedAt: Millis;
  readonly closedAt: Millis | null;
  readonly publishedAt: Millis | null;
  readonly reason: CloseReason | null;
  readonly assigned: readonly VolunteerId[];
  /** Whose deltas are in the body: who took part. */
  readonly averaged: readonly VolunteerId[];
  readonly meanNorm: number | null;
}

/**
 * Bytes that passed. `deltaBytes` is the way up, as it was sent, `sectionBytes` the same by group. `wouldHaveSentBytes`
 * is the same way up if every local step behind the accepted deltas had exchanged the whole model (DEPT's STD).
 * `bodyBytes` is the way down.
 */
export interface TrafficFigures {
  readonly deltaBytes: number;
  readonly sectionBytes: Readonly<Record<GroupName, number>>;
  readonly bodyBytes: number;
  readonly wouldHaveSentBytes: number;
}

export interface SourceFigure {
  readonly id: SourceId;
  readonly title: string;
  readonly language: string;
  readonly vocabulary: number;
  /** The first body that it trains from; null: it was there from the beginning. */
  readonly sinceBody: number | null;
}

export interface Figures {
  readonly run: RunId;
  /** As it is now. */
  readonly manifest: RunManifest;
  readonly name: string;
  readonly description: string;
  readonly host: string;
  readonly createdAt: Millis;
  /** The last entry folded in. */
  readonly seq: number;
  readonly at: Millis;
  readonly phase: PhaseWord;
  /** The round that is open or opens next; in a finished run the last one. */
  readonly round: number;
  /** Rounds published so far. */
  readonly published: number;
  /** Rounds of the run in all. */
  readonly rounds: number;
  readonly deadline: Millis | null;
  readonly paused: boolean;
  readonly ending: boolean;
  readonly finished: boolean;
  readonly parameters: ParameterCounts;
  /** Parameters of a body: what travels, every row of it. */
  readonly travelling: number;
  readonly sources: readonly SourceFigure[];
  /** Sources that take part from the next body on. */
  readonly joining: readonly JoiningSource[];
  readonly bodies: readonly BodyFigure[];
  /** By source id, in the order of bodies; sources without an evaluation have an empty list. */
  readonly scores: Readonly<Record<string, readonly ScoreFigure[]>>;
  readonly tokens: number;
  readonly steps: number;
  readonly deltas: readonly DeltaFigure[];
  readonly roundList: readonly RoundFigure[];
  readonly traffic: TrafficFigures;
  readonly removed: readonly VolunteerId[];
}

type Draft = { -readonly [K in keyof Figures]: Figures[K] };

export function figuresOf(entries: readonly Entry[]): Figures | undefined {
  return evolveFigures(undefined, entries);
}

/** Folds entries that follow those already folded in; the first entry of a journal creates the figures. */
export function evolveFigures(figures: Figures, entries: Entry | readonly Entry[]): Figures;
export function evolveFigures(
  figures: Figures | undefined,
  entries: Entry | readonly Entry[],
): Figures | undefined;
export function evolveFigures(
  figures: Figures | undefined,
  entries: Entry | readonly Entry[],
): Figures | undefined {
  const list: readonly Entry[] = Array.isArray(entries) ? entries : [entries as Entry];
  let draft: Draft | undefined = figures && { ...figures };
  const fresh = new Set<unknown>(); // arrays that this batch made, and may push to
  for (const entry of list) {
    if (draft === undefined) draft = created(entry);
    else if (entry.seq !== draft.seq + 1)
      throw new Error(`figures: expected entry ${draft.seq + 1}, got entry ${entry.seq}`);
    else fold(draft, entry, fresh);
    draft.seq = entry.seq;
    draft.at = entry.at;
  }
  return draft;
}

/** Held-out bits per byte before the source's first local step, and with the last body that it evaluated. */
export function firstLast(
  figures: Figures,
  source: string,
): { readonly first: number; readonly last: number; readonly lastBody: number } | undefined {
  const scores = figures.scores[source] ?? [];
  const [first, last] = [scores[0], scores.at(-1)];
  if (first === undefined || last === undefined) return undefined;
  return { first: first.bitsPerByte, last: last.bitsPerByte, lastBody: last.body };
}

/** What `npm start` prints last: rounds published and, of each source that took part, the first and last score. */
export function summary(figures: Figures): {
  readonly rounds: number;
  readonly sources: Readonly<Record<string, { readonly first: number; readonly last: number }>>;
} {
  const sources: Record<string, { first: number; last: number }> = {};
  const tookPart = new Set<string>(figures.deltas.map((delta) => delta.source));
  for (const { id } of figures.sources) {
    const scores = firstLast(figures, id);
    if (tookPart.has(id) && scores) sources[id] = { first: scores.first, last: scores.last };
  }
  return { rounds: figures.published, sources };
}

/** How many times fewer bytes went up than if the whole model had been exchanged each step; null before any did. */
export function savingFactor({ deltaBytes, wouldHaveSentBytes }: TrafficFigures): number | null {
  return deltaBytes === 0 ? null : wouldHaveSentBytes / deltaBytes;
}

function created({ at, seq, fact }: Entry): Draft {
  if (fact.kind !== "created") throw new Error(`figures: expected a created fact first, got ${fact.kind}`);
  const { manifest } = fact;
  return {
    run: manifest.run,
    manifest,
    name: manifest.name,
    description: manifest.description,
    host: manifest.host,
    createdAt: at,
    seq,
    at,
    phase: "gathering",
    round: 1,
    published: 0,
    rounds: manifest.rounds,
    deadline: null,
    paused: false,
    ending: false,
    finished: false,
    parameters: fact.parameters,
    travelling: travelling(manifest),
    sources: manifest.sources.map((source) => sourceFigure(source, null)),
    joining: [],
    bodies: [bodyFigure(0, fact.sections, at)],
    scores: Object.fromEntries(manifest.sources.map(({ id }) => [id, []])),
    tokens: 0,
    steps: 0,
    deltas: [],
    roundList: [],
    traffic: {
      deltaBytes: 0,
      sectionBytes: { theta: 0, phi: 0, psi: 0 },
      bodyBytes: 0,
      wouldHaveSentBytes: 0,
    },
    removed: [],
  };
}

/** Parameters of all sections. */
function travelling(manifest: RunManifest): number {
  return exchangeOf(manifest).sections.reduce((sum, { layout }) => sum + layout.size, 0);
}

function fold(draft: Draft, { at, fact }: Entry, fresh: Set<unknown>): void {
  const owned = <T>(list: readonly T[]): T[] => {
    if (fresh.has(list)) return list as T[];
    const copy = [...list];
    fresh.add(copy);
    return copy;
  };
  const lastRound = (change: Partial<RoundFigure>) => {
    const list = owned(draft.roundList);
    const last = list.at(-1);
    if (last) list[list.length - 1] = { ...last, ...change };
    draft.roundList = list;
  };
  /** [C21] These sources take part from here on. */
  const join = (joining: readonly JoiningSource[]) => {
    if (joining.length === 0) return;
    const bodies = owned(draft.bodies);
    const { number, sections: before, at: since } = bodies.at(-1)!;
    const { manifest, sections } = withSources({ manifest: draft.manifest, sections: before }, joining);
    bodies[bodies.length - 1] = bodyFigure(number, sections, since);
    draft.manifest = manifest;
    draft.travelling = travelling(manifest);
    draft.bodies = bodies;
    draft.sources = [...draft.sources, ...joining.map(({ source }) => sourceFigure(source, number))];
    for (const { source } of joining) draft.scores = { ...draft.scores, [source.id]: [] };
  };
  const nobodyWaits = () => {
    join(draft.joining);
    draft.joining = [];
  };
  switch (fact.kind) {
    case "created":
      throw new Error("figures: a second created fact");
    case "opened": {
      draft.phase = "training";
      draft.round = fact.round;
      draft.deadline = fact.deadline;
      const list = owned(draft.roundList);
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
      draft.roundList = list;
      return;
    }
    case "accepted": {
      const { round, volunteer, source, norm, loss, steps, tokens } = fact;
      const sizeBytes = fact.sections.reduce((sum, section) => sum + section.sizeBytes, 0);
      const sectionBytes = { ...draft.traffic.sectionBytes };
      for (const section of fact.sections) sectionBytes[groupOf(section.name)] += section.sizeBytes;
      const list = owned(draft.deltas);
      list.push({ round, volunteer, source, norm, cosine: null, sizeBytes, loss, steps, tokens, at });
      draft.deltas = list;
      draft.tokens += tokens;
      draft.steps += steps;
      draft.traffic = {
        ...draft.traffic,
        deltaBytes: draft.traffic.deltaBytes + sizeBytes,
        sectionBytes,
        wouldHaveSentBytes: draft.traffic.wouldHaveSentBytes + standardBytes(draft.parameters, source, steps),
      };
      return;
    }
    case "evaluated":
      draft.scores = {
        ...draft.scores,
        [fact.source]: scored(owned(draft.scores[fact.source] ?? []), fact, at),
      };
      return;
    case "closed":
      draft.phase = "closing";
      draft.deadline = null;
      lastRound({ closedAt: at, reason: fact.reason, averaged: fact.averaged });
      return;
    case "published": {
      const bodies = owned(draft.bodies);
      bodies.push(bodyFigure(fact.round, fact.sections, at));
      draft.bodies = bodies;
      draft.phase = "gathering";
      draft.published = fact.round;
      draft.round = Math.min(fact.round + 1, Math.max(draft.rounds, fact.round));
      draft.traffic = { ...draft.traffic, bodyBytes: draft.traffic.bodyBytes + fact.servedBytes };
      const cosines = new Map(fact.cosines.map(({ volunteer, cosine }) => [volunteer, cosine]));
      const deltas = owned(draft.deltas);
      for (let i = deltas.length - 1; i >= 0 && deltas[i]!.round === fact.round; i--)
        deltas[i] = { ...deltas[i]!, cosine: cosines.get(deltas[i]!.volunteer) ?? null };
      draft.deltas = deltas;
      lastRound({ publishedAt: at, meanNorm: fact.meanNorm });
      nobodyWaits();
      return;
    }
    case "lapsed":
      draft.phase = "gathering";
      draft.deadline = null;
      nobodyWaits();
      return;
    case "evaluating":
      draft.phase = "evaluating";
      draft.deadline = fact.deadline;
      return;
    case "finished":
      draft.phase = "finished";
      draft.round = draft.published;
      draft.deadline = null;
      draft.finished = true;
      return;
    case "restarted":
      if (fact.deadline !== null) draft.deadline = fact.deadline;
      return;
    case "source-added": {
      const { source, sections, phi } = fact;
      const { parameters } = draft;
      draft.parameters = { ...parameters, phi: { ...parameters.phi, [source.id]: phi } };
      if (waits(fact, draft.phase)) draft.joining = [...draft.joining, { source, sections }];
      else join([{ source, sections }]);
      return;
    }
    case "changed":
      draft.manifest = fact.manifest;
      draft.description = fact.manifest.description;
      draft.host = fact.manifest.host;
      draft.rounds = fact.manifest.rounds;
      return;
    case "paused":
      draft.paused = true;
      return;
    case "resumed":
      draft.paused = false;
      if (fact.deadline !== null) draft.deadline = fact.deadline;
      return;
    case "removed":
      draft.removed = [...draft.removed, fact.volunteer];
      return;
    case "ending":
      draft.ending = true;
      return;
    case "left":
      return;
    default:
      fact satisfies never;
  }
}

function sourceFigure(
  { id, title, language, vocabulary }: ManifestSource,
  sinceBody: SourceFigure["sinceBody"],
): SourceFigure {
  return { id, title, language, vocabulary, sinceBody };
}

/** Adds one volunteer's evaluation to its source's point for that body. */
function scored(list: ScoreFigure[], fact: Extract<Fact, { kind: "evaluated" }>, at: Millis): ScoreFigure[] {
  const last = list.at(-1);
  const same = last?.body === fact.body ? last : undefined;
  const nats = (same?.nats ?? 0) + fact.nats;
  const bytes = (same?.bytes ?? 0) + fact.bytes;
  const point: ScoreFigure = {
    body: fact.body,
    bitsPerByte: nats / Math.LN2 / bytes,
    bytes,
    volunteers: (same?.volunteers ?? 0) + 1,
    nats,
    at,
  };
  if (same) list[list.length - 1] = point;
  else list.push(point);
  return list;
}

function bodyFigure(number: number, sections: readonly SectionFile[], at: Millis): BodyFigure {
  return { number, id: bodyId(sections), sections, at };
}
