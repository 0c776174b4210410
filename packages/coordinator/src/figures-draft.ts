// What the fold of figures owns and changes, and how it is shown.

import type { Millis } from "@homebody/base";
import { exchangeOf } from "@homebody/dept";
import { bodyId, type ManifestSource, type RunManifest, type SectionFile } from "@homebody/protocol";
import type { Fact } from "./facts.ts";
import type { BodyFigure, DeltaFigure, Figures, RoundFigure, ScoreFigure, SourceFigure } from "./figures.ts";
import { ShownList } from "./shown-list.ts";

type ListName = "bodies" | "scores" | "deltas" | "roundList";
type Values = Omit<Figures, ListName | "seq" | "at">;

/** All of the figures but where in the journal they stand. */
export interface Draft {
  readonly values: { -readonly [K in keyof Values]: Values[K] };
  readonly bodies: ShownList<BodyFigure>;
  /** By source id. */
  readonly scores: Map<string, ShownList<ScoreFigure>>;
  readonly deltas: ShownList<DeltaFigure>;
  readonly rounds: ShownList<RoundFigure>;
  show(): Pick<Figures, ListName>;
}

/** Of a run that was just created. */
export function created(
  { manifest, parameters, sections }: Extract<Fact, { kind: "created" }>,
  at: Millis,
): Draft {
  return draftOf({
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
    held: null,
    ending: false,
    finished: false,
    end: null,
    parameters,
    travelling: travelling(manifest),
    sources: manifest.sources.map((source) => sourceFigure(source, null)),
    joining: [],
    bodies: [bodyFigure(0, sections, at)],
    scores: Object.fromEntries(manifest.sources.map(({ id }) => [id, []])),
    tokens: 0,
    steps: 0,
    learntFrom: [],
    deltas: [],
    roundList: [],
    traffic: {
      deltaBytes: 0,
      sectionBytes: { theta: 0, phi: 0, psi: 0 },
      bodyBytes: 0,
      sentBytes: 0,
      receivedBytes: 0,
      wouldHaveSentBytes: 0,
      globBytes: 0,
      specBytes: 0,
    },
    removed: [],
    quarantined: [],
    admissions: {},
  });
}

/** Figures hold all that their fold needs to go on. */
export function draftOf(figures: Omit<Figures, "seq" | "at">): Draft {
  const { bodies, scores, deltas, roundList, ...values } = figures;
  const draft = {
    values,
    bodies: new ShownList(bodies),
    scores: new Map(Object.entries(scores).map(([id, list]) => [id, new ShownList(list)])),
    deltas: new ShownList(deltas),
    rounds: new ShownList(roundList),
  };
  const showScores = shownRecord(draft.scores);
  return {
    ...draft,
    show: () => ({
      bodies: draft.bodies.shown(),
      scores: showScores(),
      deltas: draft.deltas.shown(),
      roundList: draft.rounds.shown(),
    }),
  };
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

/** Parameters of all sections. */
export function travelling(manifest: RunManifest): number {
  return exchangeOf(manifest).sections.reduce((sum, { layout }) => sum + layout.size, 0);
}

export function sourceFigure(
  { id, title, language, vocabulary }: ManifestSource,
  sinceBody: SourceFigure["sinceBody"],
): SourceFigure {
  return { id, title, language, vocabulary, sinceBody };
}

export function bodyFigure(number: number, sections: readonly SectionFile[], at: Millis): BodyFigure {
  return { number, id: bodyId(sections), sections, at };
}
