// Means over seeds, and comparisons seed by seed.

import type { Row } from "../job.ts";
import type { Cell, Verdict } from "./report.ts";

export function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

/** Of a sample (n - 1); null of one value. */
export function deviation(values: readonly number[]): number | null {
  if (values.length < 2) return null;
  const middle = mean(values);
  return Math.sqrt(values.reduce((sum, value) => sum + (value - middle) ** 2, 0) / (values.length - 1));
}

/** A mean, and beneath it the deviation where there are seeds enough for one. */
export function cellOf(values: readonly number[], digits: number): Cell {
  if (values.length === 0) return { text: "" };
  const spread = deviation(values);
  const text = mean(values).toFixed(digits);
  return spread === null ? { text } : { text, detail: `± ${spread.toFixed(digits)}` };
}

export type Where = Partial<Pick<Row, "arm" | "seed" | "phase" | "source" | "step" | "measure">>;

export function rowsWhere(rows: readonly Row[], where: Where): readonly Row[] {
  const wanted = Object.entries(where) as [keyof Where, unknown][];
  return rows.filter((row) => wanted.every(([key, value]) => row[key] === value));
}

/** By seed: the mean over the given sources. Seeds that lack one are left out. */
export function bySeed(
  rows: readonly Row[],
  where: Where,
  sources: readonly string[],
): ReadonlyMap<number, number> {
  const found = rowsWhere(rows, where);
  const seeds = [...new Set(found.map(({ seed }) => seed))].sort((a, b) => a - b);
  const means = new Map<number, number>();
  for (const seed of seeds) {
    const values = sources.flatMap((source) =>
      found.filter((row) => row.seed === seed && row.source === source).map(({ value }) => value),
    );
    if (values.length === sources.length && values.length > 0) means.set(seed, mean(values));
  }
  return means;
}

export const valuesOf = (means: ReadonlyMap<number, number>): readonly number[] => [...means.values()];

/** By how much smaller `a` is than `b`, as a share of `b`, seed by seed. */
export function gains(a: ReadonlyMap<number, number>, b: ReadonlyMap<number, number>): readonly number[] {
  return [...a].flatMap(([seed, value]) => {
    const other = b.get(seed);
    return other === undefined ? [] : [1 - value / other];
  });
}

/**
 * Whether gains have the sign that the paper says in every seed, the other one in every seed, or now this now that. One
 * seed decides nothing.
 */
export function verdictOf(differences: readonly number[]): Verdict {
  if (differences.length < 2) return "undecided";
  if (differences.every((value) => value > 0)) return "as in the paper";
  if (differences.every((value) => value < 0)) return "not as in the paper";
  return "undecided";
}

/** `3.2 % fewer`, `0.4 % more`, with words of one's own. */
export function percent(
  share: number,
  [below, above]: readonly [string, string] = ["fewer", "more"],
): string {
  return `${(100 * Math.abs(share)).toFixed(1)} % ${share >= 0 ? below : above}`;
}

/** Cells of a column, its best (smallest) mean strong. */
export function column(values: readonly (readonly number[])[], digits: number): readonly Cell[] {
  const means = values.map((own) => (own.length === 0 ? Number.POSITIVE_INFINITY : mean(own)));
  const best = Math.min(...means);
  return values.map((own, i) => ({
    ...cellOf(own, digits),
    strong: means[i] === best && own.length > 0,
  }));
}
