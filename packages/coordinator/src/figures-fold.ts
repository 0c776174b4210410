// The fold from journal to figures.
//
// A fold owns what it folds into, and an entry costs what it changes, however long the run. What is read of it, `now()`, are
// values that never change: lists are copied when they are read, and shared for as long as they stay the same, so React
// sees what changed.

import type { Millis, SourceId, VolunteerId } from "@homebody/base";
import { bodyBytes, type ParameterCounts, standardBytes } from "@homebody/dept";
import { groupOf, type RunManifest, totalBytes } from "@homebody/protocol";
import type { Entry, Fact } from "./facts.ts";
import {
  type AdmissionFigure,
  type BodyFigure,
  type DeltaFigure,
  type Figures,
  isShownForGood,
  recentDeltas,
  recentScores,
  type TrafficFigures,
} from "./figures.ts";
import { bodyFigure, created, type Draft, draftOf, sourceFigure, travelling } from "./figures-draft.ts";
import { addScore, removeScores, thinScores } from "./figures-scores.ts";
import { waits, withSources } from "./joining.ts";
import { bodiesOfLate, isKeptForGood } from "./retention.ts";
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
  const { seq, at } = first;
  const self = foldInto(created(first.fact, at), { seq, at });
  self.follow(rest);
  return self;
}

/** Goes on from figures that were read. */
export function resumeFigures({ seq, at, ...figures }: Figures): FiguresFold {
  return foldInto(draftOf(figures), { seq, at });
}

function foldInto(draft: Draft, from: Pick<Figures, "seq" | "at">): FiguresFold {
  let { seq, at } = from;
  let shown: Figures | undefined;
  return {
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
      forget(draft);
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
      const { round, volunteer, source, norm, loss, steps, tokens, body = round - 1 } = fact;
      const sizeBytes = totalBytes(fact.sections);
      const none = { cosine: null, others: null, kept: 1, quarantined: false, review: null };
      const claimed = { loss, steps, tokens, staleness: round - 1 - body };
      draft.deltas.change().push({ round, volunteer, source, norm, ...none, sizeBytes, ...claimed, at });
      if (!values.learntFrom.includes(source)) values.learntFrom = [...values.learntFrom, source];
      values.tokens += tokens;
      values.steps += steps;
      values.traffic = withDelta(values.traffic, fact, values.parameters);
      return;
    }
    case "evaluated": {
      const list = draft.scores.get(fact.source) ?? new ShownList();
      draft.scores.set(fact.source, list);
      const drawnBy = draft.bodies.items.at(-1)!.sections[0]!.sha256;
      addScore(list.change(), fact, { at, drawnBy });
      return;
    }
    case "closed":
      values.phase = "closing";
      values.deadline = null;
      changeLast(draft.rounds, { closedAt: at, reason: fact.reason, averaged: fact.averaged });
      for (const who of fact.quarantined ?? []) changeDelta(draft, fact.round, who, { quarantined: true });
      return;
    case "reviewed": {
      const { round, volunteer, reviewer, natsWith, natsWithout, harmful } = fact;
      const change = natsWith / natsWithout - 1;
      changeDelta(draft, round, volunteer, { review: { reviewer, change, harmful } });
      return;
    }
    case "quarantined":
      values.quarantined = [...values.quarantined, fact.volunteer];
      return;
    case "cleared":
      values.quarantined = values.quarantined.filter((one) => one !== fact.volunteer);
      return;
    case "held":
      values.held = { body: fact.body, sources: fact.sources };
      values.paused = true;
      return;
    case "undone":
      undo(draft, fact, at);
      return;
    case "dropped": {
      const averaged = draft.rounds.items.at(-1)?.averaged ?? [];
      changeLast(draft.rounds, { averaged: averaged.filter((who) => who !== fact.volunteer) });
      return;
    }
    case "published":
      publish(draft.bodies.change(), bodyFigure(fact.round, fact.sections, at), values.manifest);
      values.phase = "gathering";
      values.published = fact.round;
      values.round = Math.min(fact.round + 1, Math.max(values.rounds, fact.round));
      values.traffic = { ...values.traffic, bodyBytes: values.traffic.bodyBytes + fact.servedBytes };
      compare(draft.deltas.change(), fact);
      if (fact.round % recentScores === 0)
        for (const list of draft.scores.values()) thinScores(list, fact.round);
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
      values.end = { at, reason: fact.reason };
      return;
    case "invited": {
      const invited = fact.codes.reduce((sum, { uses }) => sum + uses, 0);
      values.admissions = withAdmissions(values.admissions, fact.source, { invited, admitted: 0 });
      return;
    }
    case "admitted":
      values.admissions = withAdmissions(values.admissions, fact.source, { invited: 0, admitted: 1 });
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
    case "reopened":
      values.ending = false;
      values.finished = false;
      values.end = null;
      if (values.phase !== "evaluating" && values.phase !== "finished") return;
      values.phase = "gathering";
      values.round = values.published + 1;
      values.deadline = null;
      nobodyWaits(draft);
      return;
    case "paused":
      values.paused = true;
      return;
    case "resumed":
      values.paused = false;
      values.held = null;
      if (fact.deadline !== null) values.deadline = fact.deadline;
      return;
    case "removed":
      values.removed = [...values.removed, fact.volunteer];
      if (values.phase === "training") assignNoMore(draft, fact.volunteer);
      for (const list of draft.scores.values()) removeScores(list, fact.volunteer);
      return;
    case "restored":
      values.removed = values.removed.filter((one) => one !== fact.volunteer);
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

/** What went up for an accepted delta, and what other ways would have taken. */
function withDelta(
  traffic: TrafficFigures,
  { sections, source, steps, passed }: Extract<Fact, { kind: "accepted" }>,
  parameters: ParameterCounts,
): TrafficFigures {
  const sectionBytes = { ...traffic.sectionBytes };
  for (const { name, sizeBytes } of sections) sectionBytes[groupOf(name)] += sizeBytes;
  return {
    ...traffic,
    deltaBytes: traffic.deltaBytes + totalBytes(sections),
    sectionBytes,
    sentBytes: traffic.sentBytes + (passed?.sentBytes ?? 0),
    receivedBytes: traffic.receivedBytes + (passed?.receivedBytes ?? 0),
    wouldHaveSentBytes: traffic.wouldHaveSentBytes + standardBytes(parameters, source, steps),
    globBytes: traffic.globBytes + standardBytes(parameters, source, 1),
    specBytes: traffic.specBytes + bodyBytes(parameters),
  };
}

function withAdmissions(
  admissions: Figures["admissions"],
  source: SourceId,
  more: AdmissionFigure,
): Figures["admissions"] {
  const { invited, admitted } = admissions[source] ?? { invited: 0, admitted: 0 };
  return {
    ...admissions,
    [source]: { invited: invited + more.invited, admitted: admitted + more.admitted },
  };
}

/** Rounds before those that show enough deltas go, at the opening of the next one. */
function forget({ deltas, rounds }: Draft): void {
  const surplus = deltas.items.length - recentDeltas;
  if (surplus <= 0) return;
  const oldest = deltas.items[surplus]!.round;
  for (const list of [deltas, rounds]) {
    const old = list.items.findIndex(({ round }: { readonly round: number }) => round >= oldest);
    if (old > 0) list.change().splice(0, old);
  }
}

/** [C28] The round that was open is over; or one without a round to train is here. */
function undo(
  { values, rounds }: Draft,
  { round, averaged }: Extract<Fact, { kind: "undone" }>,
  at: Millis,
): void {
  values.phase = "closing";
  values.round = round;
  values.deadline = null;
  if (values.held !== null) values.paused = false;
  values.held = null;
  const list = rounds.change();
  const open = list.at(-1)?.round === round ? list.pop() : undefined;
  const begun = open ?? { round, openedAt: at, assigned: [], publishedAt: null, meanNorm: null };
  list.push({ ...begun, closedAt: at, reason: "undo", averaged });
}

/** The one body that this one makes superfluous is the first of those before the last, if it is not kept and shown for good. */
function publish(bodies: BodyFigure[], body: BodyFigure, manifest: RunManifest): void {
  bodies.push(body);
  const place = -1 - bodiesOfLate(manifest);
  const before = bodies.at(place);
  if (before === undefined) return;
  const kept = manifest.keep.bodies;
  const apart = kept !== "all" && "every" in kept ? kept.every : 1;
  if (isKeptForGood(before.number, manifest) && isShownForGood(before.number / apart)) return;
  bodies.splice(place, 1);
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

/** Of a round of late: one that is shown no more stays so. */
function changeDelta(
  { deltas }: Draft,
  round: number,
  volunteer: VolunteerId,
  change: Partial<DeltaFigure>,
): void {
  const i = deltas.items.findLastIndex((one) => one.round === round && one.volunteer === volunteer);
  if (i >= 0) deltas.change().splice(i, 1, { ...deltas.items[i]!, ...change });
}

/** [C54] Its place in the open round does not come back with a removal that is taken back. */
function assignNoMore({ rounds }: Draft, volunteer: VolunteerId): void {
  const assigned = rounds.items.at(-1)?.assigned ?? [];
  changeLast(rounds, { assigned: assigned.filter((who) => who !== volunteer) });
}

/** Of the round's deltas, which are the last ones: how each points beside their mean. */
function compare(deltas: DeltaFigure[], fact: Extract<Fact, { kind: "published" }>): void {
  const cosines = new Map(fact.cosines.map(({ volunteer, ...own }) => [volunteer, own]));
  const shares = new Map(fact.clipped.map(({ volunteer, kept }) => [volunteer, kept]));
  for (let i = deltas.length - 1; i >= 0 && deltas[i]!.round === fact.round; i--) {
    const { volunteer } = deltas[i]!;
    const { cosine, others } = cosines.get(volunteer) ?? { cosine: null, others: null };
    deltas[i] = { ...deltas[i]!, cosine, others, kept: shares.get(volunteer) ?? 1 };
  }
}
