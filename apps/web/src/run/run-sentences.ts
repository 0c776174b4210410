// What a run does, in words: for the line on top of every page, and for screen readers.

import { type Figures, firstLast, type ScoreFigure } from "@homebody/coordinator";
import type { HeldRun } from "@homebody/protocol";
import { fixed, plural } from "../format/numbers.ts";
import { dateAndTime } from "../format/times.ts";
import { namesOf } from "./source-names.ts";

export type Tone = "good" | "calm" | "warn";

export interface StateWords {
  readonly tone: Tone;
  /** Two or three words for a badge. */
  readonly short: string;
  readonly sentence: string;
}

export function stateSentence(figures: Figures): StateWords {
  if (figures.finished)
    return {
      tone: "calm",
      short: "finished",
      sentence: `${endSentence(figures)} ${resultSentence(figures)}`,
    };
  if (figures.held !== null)
    return {
      tone: "warn",
      short: "holds itself",
      sentence: heldSentence(figures.held, namesOf(figures.sources)),
    };
  if (figures.paused)
    return {
      tone: "warn",
      short: "paused",
      sentence: "The host has paused the run. Nothing is lost; it goes on when the host resumes it.",
    };
  const end = figures.ending ? " The host is ending the run: no further round opens." : "";
  switch (figures.phase) {
    case "gathering":
      return {
        tone: "calm",
        short: "gathering",
        sentence: `Round ${figures.round} opens as soon as enough volunteers are ready.${end}`,
      };
    case "training":
      return {
        tone: "good",
        short: "training",
        sentence: `Round ${figures.round} is open: volunteers train on their own text.${end}`,
      };
    case "closing":
      return {
        tone: "good",
        short: "averaging",
        sentence: `Round ${figures.round} is closed: the coordinator averages what came in.${end}`,
      };
    case "evaluating":
      return {
        tone: "good",
        short: "last evaluation",
        sentence: `${figures.ending ? "The host ends the run" : "All rounds are done"}: volunteers measure the last body on their held-out text.`,
      };
    case "finished":
      return { tone: "calm", short: "finished", sentence: endSentence(figures) };
    default:
      return figures.phase satisfies never;
  }
}

/** Of a finished run: when it ended, and after how much. */
export function endSentence({
  end,
  published,
  rounds,
}: Pick<Figures, "end" | "published" | "rounds">): string {
  const after = `${published} of ${plural(rounds, "round")}`;
  if (end === null) return `The run is finished, after ${after}.`;
  const who = end.reason === "admin" ? "The host ended the run" : "The run ended";
  return `${who} on ${dateAndTime(end.at)}, after ${after}.`;
}

/** Of a finished run: what came of it. */
export function resultSentence(figures: Figures): string {
  const result = firstToLast(figures);
  if (result === null) return "Nobody measured what it learnt.";
  const { first, last, sources, isOfLastBody } = result;
  const body = isOfLastBody ? "Its last body" : "The last body that was measured";
  const of = sources === 1 ? "of its one source" : `mean of ${plural(sources, "source")}`;
  return `${body} needs ${fixed(last, 2)} bits per byte of text (${of}), its first one needed ${fixed(first, 2)}: lower is better.`;
}

/** Means of sources' first and last scores, over those that have any. */
export function firstToLast(figures: Figures): {
  readonly first: number;
  readonly last: number;
  readonly sources: number;
  /** All of them measured the body that was published last. */
  readonly isOfLastBody: boolean;
} | null {
  const ends = figures.sources.flatMap(({ id }) => firstLast(figures, id) ?? []);
  if (ends.length === 0) return null;
  const mean = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;
  return {
    first: mean(ends.map(({ first }) => first)),
    last: mean(ends.map(({ last }) => last)),
    sources: ends.length,
    isOfLastBody: ends.every(({ lastBody }) => lastBody === figures.published),
  };
}

/** The same on all pages. */
export function heldSentence(
  { body, sources }: HeldRun,
  nameOf: (source: string) => string = (source) => source,
): string {
  const find = sources.length === 1 ? "finds" : "find";
  return `The run holds itself: ${sources.map(nameOf).join(", ")} ${find} body ${body} much worse than what was before. It goes on when its host resumes it, or goes back to an earlier body.`;
}

/**
 * Mean of sources' latest scores, and how it changed since an hour ago: both over the same sources, those that were scored an
 * hour ago. While there are none (the run is young, or rests), over all that were ever scored, since the first score of each.
 */
export function overall(
  figures: Figures,
  nowMs: number,
): {
  readonly bitsPerByte: number;
  readonly change: number;
  /** Over so many sources. */
  readonly sources: number;
  /** So many have a score, with those that came within the hour. */
  readonly scored: number;
} | null {
  const hourAgo = nowMs - 3_600_000;
  const scored = Object.values(figures.scores).filter((list) => list.length > 0);
  const old = scored.filter((list) => list[0]!.at <= hourAgo);
  const compared = old.length > 0 ? old : scored;
  if (compared.length === 0) return null;
  const mean = (of: (list: readonly ScoreFigure[]) => number) =>
    compared.reduce((sum, list) => sum + of(list), 0) / compared.length;
  const bitsPerByte = mean((list) => list.at(-1)!.bitsPerByte);
  const before = mean((list) => (list.findLast(({ at }) => at <= hourAgo) ?? list[0]!).bitsPerByte);
  return { bitsPerByte, change: bitsPerByte - before, sources: compared.length, scored: scored.length };
}
