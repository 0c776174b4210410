// What a run does, in words: for the line on top of every page, and for screen readers.

import type { Figures } from "@homebody/coordinator";
import type { HeldRun } from "@homebody/protocol";

export type Tone = "good" | "calm" | "warn";

export interface StateWords {
  readonly tone: Tone;
  /** Two or three words for a badge. */
  readonly short: string;
  readonly sentence: string;
}

export function stateSentence(figures: Figures): StateWords {
  if (figures.finished)
    return { tone: "calm", short: "finished", sentence: "The run is finished. Its last body is ready." };
  if (figures.held !== null)
    return { tone: "warn", short: "holds itself", sentence: heldSentence(figures.held) };
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
        sentence: "All rounds are done: volunteers measure the last body on their held-out text.",
      };
    case "finished":
      return { tone: "calm", short: "finished", sentence: "The run is finished." };
    default:
      return figures.phase satisfies never;
  }
}

/** The same on all pages. */
export function heldSentence({ body, sources }: HeldRun): string {
  const find = sources.length === 1 ? "finds" : "find";
  return `The run holds itself: ${sources.join(", ")} ${find} body ${body} much worse than what was before. It goes on when its host resumes it, or goes back to an earlier body.`;
}

/** Of the latest score of each source: mean, and how it changed since an hour ago (or since the first score). */
export function overall(
  figures: Figures,
  nowMs: number,
): { readonly bitsPerByte: number; readonly change: number; readonly sources: number } | null {
  const hourAgo = nowMs - 3_600_000;
  let [sum, before, sources] = [0, 0, 0];
  for (const scores of Object.values(figures.scores)) {
    const last = scores.at(-1);
    if (last === undefined) continue;
    const old = scores.findLast((score) => score.at <= hourAgo) ?? scores[0]!;
    sum += last.bitsPerByte;
    before += old.bitsPerByte;
    sources += 1;
  }
  if (sources === 0) return null;
  return { bitsPerByte: sum / sources, change: (sum - before) / sources, sources };
}
