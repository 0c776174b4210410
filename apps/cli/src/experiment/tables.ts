// An experiment's tables: where each source ends, arm beside arm, and the federated run body by body.

import type { RunFile } from "@homebody/protocol";
import { deviation, mean } from "../study/report/statistics.ts";
import { table } from "../table.ts";
import { type Ended, federatedName } from "./arms.ts";

/** All arms of one seed. */
export interface SeedResult {
  readonly seed: number;
  /** Bits per byte by source; none without the federated arm, whose texts they are of. */
  readonly unigrams: Readonly<Record<string, number>>;
  readonly arms: readonly Ended[];
}

/** In Markdown; over several seeds mean and standard deviation. */
export function tables(file: RunFile, results: readonly SeedResult[]): string {
  const ids = file.sources.map(({ id }) => id);
  /** One a seed that has it. */
  const over = (value: (result: SeedResult) => number | undefined): readonly number[] =>
    results.flatMap((result) => value(result) ?? []);
  const last = (result: SeedResult, arm: string, id: string) =>
    scoresIn(result, arm, id)?.at(-1)?.bitsPerByte;
  const below = (id: string, other: (result: SeedResult) => number | undefined) =>
    over((result) => {
      const [own, theirs] = [last(result, federatedName, id), other(result)];
      return own === undefined || theirs === undefined ? undefined : 100 * (1 - own / theirs);
    });
  const ends = ids.map((id) => [
    id,
    withDeviation(over(({ unigrams }) => unigrams[id])),
    ...["frozen", "alone", federatedName].map((arm) =>
      withDeviation(over((result) => last(result, arm, id))),
    ),
    withDeviation(
      below(id, ({ unigrams }) => unigrams[id]),
      1,
      " %",
    ),
    withDeviation(
      below(id, (result) => last(result, "frozen", id)),
      1,
      " %",
    ),
  ]);
  const head = ["source", "unigram", "frozen body", "alone", "federated", "below unigram", "below frozen"];
  const bodies = Array.from({ length: file.rounds + 1 }, (_, body) => {
    const at = (result: SeedResult, id: string) =>
      scoresIn(result, federatedName, id)?.find((score) => score.body === body)?.bitsPerByte;
    return [`${body}`, ...ids.map((id) => withDeviation(over((result) => at(result, id))))];
  }).filter(([, ...cells]) => cells.some((cell) => cell !== ""));
  return `${table(head, ends)}\n\n${table(["body", ...ids], bodies)}\n`;
}

/** An arm has all sources, or there is one arm a source. */
function scoresIn({ arms }: SeedResult, arm: string, id: string) {
  const named = (name: string) => arms.find((one) => one.name === name)?.scores[id];
  return named(arm) ?? named(`${arm}-${id}`);
}

function withDeviation(values: readonly number[], digits = 3, unit = ""): string {
  if (values.length === 0) return "";
  const spread = deviation(values);
  const middle = mean(values).toFixed(digits);
  return spread === null ? `${middle}${unit}` : `${middle} ± ${spread.toFixed(digits)}${unit}`;
}
