// Which way deltas point beside the others of their round: what a cosine says, and where it says nothing.

import type { DeltaFigure, Figures } from "@homebody/coordinator";

/** A cosine, or why there is none. */
export type Compared = number | "not yet" | "not averaged" | "alone";

/**
 * Of each delta, with what the others make of the mean; in journals that do not have it with the mean of all. The mean of a single
 * delta is that delta: its cosine is 1 whatever it is, and not shown.
 */
export function comparedWith({
  roundList,
  published,
}: Pick<Figures, "roundList" | "published">): (delta: DeltaFigure) => Compared {
  const averaged = new Map(roundList.map(({ round, averaged: who }) => [round, who.length]));
  return ({ round, cosine, others }) => {
    if (cosine === null) return round > published ? "not yet" : "not averaged";
    return averaged.get(round) === 1 ? "alone" : (others ?? cosine);
  };
}

export const comparedTitles: Readonly<Record<Exclude<Compared, number>, string>> = {
  "not yet": "Its round is not published yet.",
  "not averaged": "It is in no body.",
  alone: "The only delta of its round: there is no other to compare it with.",
};
