// All that follows from a run's journal, folded to the same entry: its state, its figures, and which blobs are in use.

import type { Sha256 } from "@homebody/base";
import { evolve, replay } from "./evolve.ts";
import type { Entry } from "./facts.ts";
import { type FiguresFold, foldFigures } from "./figures-fold.ts";
import { type Retention, retention } from "./retention.ts";
import type { RunState } from "./state.ts";

export interface RunFold {
  /** One and the same, changed in place [C1]. */
  readonly state: RunState;
  readonly figures: FiguresFold;
  readonly blobs: Retention;
}

/** Begins with a journal's first entries, of which the first creates the run. */
export function foldRun(entries: readonly Entry[]): RunFold {
  const figures = foldFigures(entries); // throws where there is none
  const state = replay(entries)!;
  const blobs = retention();
  blobs.follow(entries, state);
  return { state, figures, blobs };
}

/**
 * Takes entries that follow those already taken; returns the blobs that are in use no more. Throws where one is missing,
 * and the fold is then of no use.
 */
export function followRun({ state, figures, blobs }: RunFold, entries: readonly Entry[]): readonly Sha256[] {
  figures.follow(entries);
  for (const entry of entries) evolve(state, entry);
  return blobs.follow(entries, state);
}
