// Results as tables in Markdown.

import type { Accuracy } from "@homebody/experiment";
import { table } from "../table.ts";
import type { Measure, Measured } from "./measure.ts";

export interface Row {
  readonly model: string;
  readonly corpus: string;
  readonly language: string;
  /** Whether the model learnt from this source: its own, another source of its body's run, none, or nobody knows. */
  readonly seen: "own" | "body" | "no" | null;
  readonly measured: Measured;
}

export interface FileRow {
  readonly model: string;
  readonly kind: string;
  readonly accuracy: Accuracy;
}

interface Column {
  readonly name: string;
  readonly measure: Measure;
  cell(measured: Measured): string;
}

const columns: readonly Column[] = [
  {
    name: "bits per byte",
    measure: "bits-per-byte",
    cell: ({ bitsPerByte, lostBytes }) => bitsPerByte.toFixed(3) + star(lostBytes),
  },
  { name: "perplexity", measure: "perplexity", cell: ({ perplexity }) => perplexity?.toPrecision(4) ?? "" },
  {
    name: "unigram, bits per byte",
    measure: "unigram",
    cell: ({ unigram }) => unigram?.bitsPerByte.toFixed(3) ?? "",
  },
  {
    name: "normalised, nats",
    measure: "unigram",
    cell: ({ unigram }) => unigram?.normalised.toFixed(3) ?? "",
  },
  { name: "bits an article", measure: "udhr", cell: ({ udhr }) => bitsOf(udhr, "meanPerArticle") },
  { name: "bits, whole UDHR", measure: "udhr", cell: ({ udhr }) => bitsOf(udhr, "total") },
  { name: "swapped words", measure: "pairs", cell: ({ pairs }) => share(pairs?.swapped) },
  { name: "replaced word", measure: "pairs", cell: ({ pairs }) => share(pairs?.replaced) },
];

/** `shared`: whether all models have one tokenizer, without which perplexities say nothing. */
export function measureTable(rows: readonly Row[], measures: ReadonlySet<Measure>, shared: boolean): string {
  const shown = columns.filter(
    ({ measure }) => measures.has(measure) && (measure !== "perplexity" || shared),
  );
  return table(
    ["model", "text", "learnt from it", ...shown.map(({ name }) => name)],
    rows.map(({ model, corpus, seen, measured }) => [
      model,
      corpus,
      seen ?? "?",
      ...shown.map(({ cell }) => cell(measured)),
    ]),
  );
}

const star = (lostBytes: number) => (lostBytes > 0 ? "*" : "");

const bitsOf = (udhr: Measured["udhr"], figure: "meanPerArticle" | "total") =>
  udhr === null ? "" : udhr[figure].toFixed(0) + star(udhr.lostBytes);

/** Of the figures with a star; undefined where there are none. */
export function lostNote(rows: readonly Row[]): string | undefined {
  const texts = rows.flatMap(({ measured }) => [
    measured,
    ...(measured.udhr === null ? [] : [measured.udhr]),
  ]);
  const most = Math.max(0, ...texts.map(({ lostBytes, bytes }) => lostBytes / bytes));
  if (most === 0) return undefined;
  return (
    `* Rows are left out of the model's vocabulary, and up to ${(100 * most).toPrecision(2)} % of the text's bytes have no ` +
    "token in it. Each counts 8 bits."
  );
}

export function fileTable(rows: readonly FileRow[]): string {
  return table(
    ["model", "pairs of the file", "pairs", "accuracy"],
    rows.map(({ model, kind, accuracy }) => [model, kind, String(accuracy.pairs), share(accuracy)]),
  );
}

/** `71.5 % (65.0-77.3)`: the interval at 95 %. */
function share(accuracy: Accuracy | undefined): string {
  if (accuracy === undefined) return "";
  const percent = (value: number) => (100 * value).toFixed(1);
  return `${percent(accuracy.accuracy)} % (${accuracy.interval.map(percent).join("-")})`;
}
