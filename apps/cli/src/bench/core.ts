// What the coordinator's core costs: whole rounds over its production code, without a socket, a disk or arithmetic.
//
// It goes through what happens in a round as apps/server does: everybody is assigned, evaluates the body, opens an upload,
// sends two chunks and has its delta accepted (played-run.ts).

import { table } from "../table.ts";
import { type Part, playedRun } from "./played-run.ts";

/** In seconds. */
export interface CoreRow extends Readonly<Record<Part, number>> {
  readonly volunteers: number;
  readonly round: number;
  /** All of them together. */
  readonly secondsPerRound: number;
}

/** Of each of these rounds of a run with so many volunteers. */
export function measureCore(volunteers: number, rounds: readonly number[]): readonly CoreRow[] {
  const run = playedRun(volunteers, Math.max(...rounds) + 1);
  const rows: CoreRow[] = [];
  for (let round = 1; round <= Math.max(...rounds); round++) {
    const { decide, evolve, announce, figures } = run.play(round);
    if (!rounds.includes(round)) continue;
    const secondsPerRound = decide + evolve + announce + figures;
    rows.push({ volunteers, round, secondsPerRound, decide, evolve, announce, figures });
  }
  return rows;
}

/** A measurement for people: a row each, times in milliseconds. */
export function coreTable(rows: readonly CoreRow[]): string {
  const parts = ["secondsPerRound", "decide", "evolve", "announce", "figures"] as const;
  const cells = rows.map((row) => [
    String(row.volunteers),
    String(row.round),
    ...parts.map((part) => (row[part] * 1000).toFixed(1)),
  ]);
  return table(["volunteers", "round", "ms a round", ...parts.slice(1)], cells);
}
