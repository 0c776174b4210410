// Every figure that the dashboard shows, and the last line of `npm start`. They follow from the journal alone
// (figures-fold.ts): nothing here is measured by a browser, and what two watchers see is equal once they have read the same
// entries. Figures that were read never change. Deltas and rounds are those of late, so that figures stay as small as they
// are, however long the run: the journal has all of them.

import type { Millis, RunId, Sha256, SourceId, VolunteerId } from "@homebody/base";
import type { ParameterCounts } from "@homebody/dept";
import type { GroupName, HeldRun, RunManifest, SectionFile } from "@homebody/protocol";
import type { CloseReason } from "./facts.ts";
import type { JoiningSource } from "./state.ts";
import { bodiesBack, roundsAgain } from "./undo.ts";

/** Deltas and rounds are shown of the latest rounds, as many whole ones as it takes to have so many deltas. */
export const recentDeltas = 500;

/** Beside its first figures a watcher is shown so many of the latest entries; earlier ones when it asks for them. */
export const firstEntries = 100;

/** Scores are shown of so many latest bodies at least, and of those before them as `isShownForGood` says; the first always. */
export const recentScores = 32;

/**
 * Whether what has this number (from 0) is shown however long ago it was: all up to 32, every second up to 64, every fourth
 * up to 128. So of n things about 16 log2(n) are shown, wherever one looks as dense as a chart that begins at 0 needs them.
 */
export function isShownForGood(number: number): boolean {
  return number % 2 ** Math.floor(Math.log2(Math.max(1, number / 16))) === 0;
}

export type PhaseWord = "gathering" | "training" | "closing" | "evaluating" | "finished";

export interface BodyFigure {
  readonly number: number;
  readonly id: Sha256;
  readonly sections: readonly SectionFile[];
  readonly at: Millis;
}

/** Of one body on one source: its volunteers together. */
export interface ScoreFigure {
  readonly body: number;
  /** The median of its volunteers', weighted by bytes (figures-scores.ts). */
  readonly bitsPerByte: number;
  /** Of all its volunteers. */
  readonly bytes: number;
  readonly volunteers: number;
  readonly at: Millis; // of the latest evaluation
  /** Who said what, of those of whom it is made; empty for bodies of long ago. */
  readonly shares: readonly ScoreShare[];
}

export interface ScoreShare {
  readonly volunteer: VolunteerId;
  readonly nats: number;
  readonly bytes: number;
}

export interface DeltaFigure {
  readonly round: number;
  readonly volunteer: VolunteerId;
  readonly source: SourceId;
  readonly norm: number;
  /** To the mean that the body takes of its round; null until the round is published, or if it was not averaged. */
  readonly cosine: number | null;
  /** To what the others make of the weighted mean [C71]; null where `cosine` is, where it is alone, and in journals that do not have it. */
  readonly others: number | null;
  /** Of its norm, what counts [C26]: 1 where nothing was clipped. */
  readonly kept: number;
  /** It is in, and not averaged: its volunteer is in quarantine [C93]. */
  readonly quarantined: boolean;
  /** What a peer measured of it [C89]; null where none has. */
  readonly review: ReviewFigure | null;
  readonly sizeBytes: number;
  readonly loss: number; // nats a token
  readonly steps: number;
  readonly tokens: number;
  /** How many bodies before that of its round it starts from [C82]. */
  readonly staleness: number;
  readonly at: Millis;
}

export interface ReviewFigure {
  readonly reviewer: VolunteerId;
  /** Of held-out nats, by how much a share of the delta changes the body that it started from: above 0 it is worse. */
  readonly change: number;
  /** Beyond the run's tolerance. */
  readonly harmful: boolean;
}

export interface RoundFigure {
  readonly round: number;
  readonly openedAt: Millis;
  readonly closedAt: Millis | null;
  readonly publishedAt: Millis | null;
  /** `undo`: the host went back to a body instead. */
  readonly reason: CloseReason | "undo" | null;
  /** But for those who were removed while it was open [C54]. */
  readonly assigned: readonly VolunteerId[];
  /** Whose deltas are in the body: who took part. */
  readonly averaged: readonly VolunteerId[];
  readonly meanNorm: number | null;
}

/**
 * Bytes that passed. `deltaBytes` is the way up, as it was sent, `sectionBytes` the same by group. `bodyBytes` is the way down,
 * bodies and outer steps, as it left this coordinator; behind a cache in front volunteers take more. `sentBytes` and
 * `receivedBytes` are what passed at volunteers' sockets, as they say it with their deltas: messages too, and no texts.
 *
 * What other ways would have taken up, uncompressed, for the accepted deltas: `wouldHaveSentBytes` if every local step behind them
 * had exchanged the whole model (DEPT's STD), `globBytes` if every round had (GLOB), `specBytes` if every round had exchanged
 * the body without embeddings (SPEC).
 */
export interface TrafficFigures {
  readonly deltaBytes: number;
  readonly sectionBytes: Readonly<Record<GroupName, number>>;
  readonly bodyBytes: number;
  readonly sentBytes: number;
  readonly receivedBytes: number;
  readonly wouldHaveSentBytes: number;
  readonly globBytes: number;
  readonly specBytes: number;
}

export interface SourceFigure {
  readonly id: SourceId;
  readonly title: string;
  readonly language: string;
  readonly vocabulary: number;
  /** The first body that it trains from; null: it was there from the beginning. */
  readonly sinceBody: number | null;
}

/** Of a source that is not open. */
export interface AdmissionFigure {
  /** Volunteers that the host's codes let in, if all of them are used. */
  readonly invited: number;
  /** Volunteers that were let in. */
  readonly admitted: number;
}

/** How a run came to its end [C53]. */
export interface RunEnd {
  readonly at: Millis;
  /** All rounds are done, or the host ended it. */
  readonly reason: "rounds" | "admin";
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
  /** The run waits for its host: the body, and the sources that find it much worse [C27]. */
  readonly held: HeldRun | null;
  readonly ending: boolean;
  readonly finished: boolean;
  /** Of a finished run; null also where an older coordinator does not say. */
  readonly end: RunEnd | null;
  readonly parameters: ParameterCounts;
  /** Parameters of a body: what travels, every row of it. */
  readonly travelling: number;
  readonly sources: readonly SourceFigure[];
  /** Sources that take part from the next body on. */
  readonly joining: readonly JoiningSource[];
  /** Of those that a coordinator keeps for download (retention.ts): the latest, and ever fewer of long ago; in order. */
  readonly bodies: readonly BodyFigure[];
  /** By source id, in the order of bodies; sources without an evaluation have an empty list. */
  readonly scores: Readonly<Record<string, readonly ScoreFigure[]>>;
  readonly tokens: number;
  readonly steps: number;
  /** Sources of which a delta was accepted, in the order of their first. */
  readonly learntFrom: readonly SourceId[];
  /** Of the latest rounds. */
  readonly deltas: readonly DeltaFigure[];
  /** The latest. */
  readonly roundList: readonly RoundFigure[];
  readonly traffic: TrafficFigures;
  readonly removed: readonly VolunteerId[];
  /** Whose deltas do not count at present, in the order in which it came to that [C92]. */
  readonly quarantined: readonly VolunteerId[];
  /** By source id, of those where the host invited or approved somebody. */
  readonly admissions: Readonly<Record<string, AdmissionFigure>>;
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

/** Deltas of the open round that are in, and count [C54]. */
export function deltasIn({ deltas, round, roundList }: Figures): readonly DeltaFigure[] {
  const assigned = roundList.at(-1)?.assigned ?? [];
  return deltas.filter((delta) => delta.round === round && assigned.includes(delta.volunteer));
}

/** What `npm start` prints last: rounds published and, of each source that took part, the first and last score. */
export function summary(figures: Figures): {
  readonly rounds: number;
  readonly sources: Readonly<Record<string, { readonly first: number; readonly last: number }>>;
} {
  const sources: Record<string, { first: number; last: number }> = {};
  const tookPart = new Set<string>(figures.learntFrom);
  for (const { id } of figures.sources) {
    const scores = firstLast(figures, id);
    if (tookPart.has(id) && scores) sources[id] = { first: scores.first, last: scores.last };
  }
  return { rounds: figures.published, sources };
}

/** A body that the host can go back to [C28], and whose deltas it can be averaged anew without. */
export interface UndoableBody {
  readonly body: number;
  /** Nobody: it can be published as it was, and no other way. */
  readonly volunteers: readonly VolunteerId[];
}

/** In order. The last one is the current body, where that can be averaged anew. */
export function undoable({ manifest, bodies, published, roundList }: Figures): readonly UndoableBody[] {
  const withDeltas = published - roundsAgain(manifest);
  return bodies
    .filter(({ number }) => number > published - bodiesBack(manifest))
    .map(({ number }) => {
      const round = roundList.find((one) => one.round === number);
      return { body: number, volunteers: number > withDeltas ? (round?.averaged ?? []) : [] };
    })
    .filter(({ body, volunteers }) => body < published || volunteers.length > 0);
}

/** How many times fewer bytes went up than if the whole model had been exchanged each step; null before any did. */
export function savingFactor({ deltaBytes, wouldHaveSentBytes }: TrafficFigures): number | null {
  return deltaBytes === 0 ? null : wouldHaveSentBytes / deltaBytes;
}

/** Both ways: what volunteers say passed, and not less than what the coordinator saw. */
export function passedBytes(traffic: TrafficFigures): { readonly up: number; readonly down: number } {
  const { deltaBytes, bodyBytes, sentBytes, receivedBytes } = traffic;
  return { up: Math.max(sentBytes, deltaBytes), down: Math.max(receivedBytes, bodyBytes) };
}

/** How many times fewer bytes passed both ways than if the whole model had been exchanged each step; null before any did. */
export function savingBothWays(traffic: TrafficFigures): number | null {
  const { up, down } = passedBytes(traffic);
  return traffic.deltaBytes === 0 ? null : (2 * traffic.wouldHaveSentBytes) / (up + down);
}
