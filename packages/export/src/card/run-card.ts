// The card of a model that a run has made: only what its run file and its journal say [X6].

import type { Sha256 } from "@homebody/base";
import type { BodyFigure, Figures, ScoreFigure } from "@homebody/coordinator";
import { dimensions } from "@homebody/model";
import { type ManifestSource, version } from "@homebody/protocol";
import type { Model } from "../model.ts";
import type { Format } from "../port.ts";
import { counted, joined, list, plain, quoted, table } from "./markdown.ts";
import { frontMatter, limits, type Rows, rowsLimit, shape, use } from "./parts.ts";
import { startRow, training } from "./training.ts";

/** Whose the embeddings are. */
export type WordsOnCard =
  /** All sources share them. */
  | { readonly kind: "run" }
  /** Those of the body for this source. */
  | { readonly kind: "source" }
  /** One device's, as its accepted delta of that round left them. */
  | { readonly kind: "device"; readonly round: number }
  /** They were given, and the run knows nothing of them. */
  | { readonly kind: "given" };

export interface RunOnCard {
  readonly figures: Figures;
  readonly body: Pick<BodyFigure, "number" | "id">;
  /** As far as it was read [X7]; null where only the figures were. */
  readonly journal: { readonly entries: number; readonly sha256: Sha256 } | null;
  /** Whose words the model has; null where all sources share them. */
  readonly source: ManifestSource | null;
  readonly words: WordsOnCard;
  /** Where these words left out rows of the vocabulary: how many they had [X10]. */
  readonly rows: Rows | null;
  /** Of these very words with this body on their held-out text; null where it was not measured. */
  readonly bitsPerByte: number | null;
}

/** Of the model's files in that format. */
export function runCard(model: Model, run: RunOnCard, format: Format): string {
  const { figures, source, body } = run;
  const { manifest } = figures;
  const learnt = manifest.sources.filter(({ id }) => figures.learntFrom.includes(id));
  const languages = (source === null ? learnt : [source]).map(({ language }) => language);
  const title = source === null ? "all its sources" : source.title;
  return joined(
    frontMatter(languages, format),
    `# ${plain(manifest.name)}: ${plain(title)}`,
    quoted(manifest.description),
    `A ${shape(model.config)}. Volunteers trained its body together, each on texts of its own, in a run of Homebody ` +
      `that ${plain(manifest.host)} hosted. ${wordsSentence(run)}${measuredSentence(run)}`,
    use(format),
    sources(run),
    training(manifest, body.number, figures.tokens),
    origin(run),
    `## Limits\n\n${list([...limits(dimensions(model.config)), ...ownLimits(run)])}`,
  );
}

function wordsSentence({ words, source, body }: RunOnCard): string {
  const of = source === null ? "" : ` of ${plain(source.title)} (\`${source.id}\`)`;
  switch (words.kind) {
    case "run":
      return "Its embeddings are those that all sources share.";
    case "source":
      return `Its embeddings are those${of} in that body: of all volunteers of the source.`;
    case "device":
      return (
        `Its embeddings are those of one device${of}, as its delta of round ${words.round} left them` +
        `${words.round === body.number ? "." : `; the body is that of round ${body.number}.`}`
      );
    case "given":
      return `Its embeddings were given to the export${of === "" ? "" : `, as those${of}`}; the run does not know them.`;
  }
}

const measuredSentence = ({ bitsPerByte }: RunOnCard) =>
  bitsPerByte === null
    ? ""
    : ` With this body they need ${bitsPerByte.toFixed(3)} bits per byte on held-out text of their own.`;

function sources({ figures, body }: RunOnCard): string {
  const rows = figures.manifest.sources.map(({ id, title, language, licence }) => {
    const scores = (figures.scores[id] ?? []).filter((score) => score.body <= body.number);
    return [
      `${plain(title)} (\`${id}\`)`,
      plain(language),
      licence === undefined ? "not stated" : plain(licence),
      figures.learntFrom.includes(id) ? "yes" : "no",
      scoreCell(scores[0]),
      scoreCell(scores.at(-1)),
    ];
  });
  const head = [
    "source",
    "language",
    "licence of its text",
    "learnt from it",
    "bits per byte, first",
    "last",
  ];
  return joined(
    "## Sources",
    table(head, rows),
    "Bits per byte of held-out text, as the run's journal has them: of each body the median of what the source's volunteers " +
      "found with their own words. Lower is better. Licences are those that the run file states; a licence of the model it does not state.",
  ).trimEnd();
}

const scoreCell = (score: ScoreFigure | undefined) =>
  score === undefined ? "" : `${score.bitsPerByte.toFixed(3)} (body ${score.body})`;

function origin({ figures, body, journal }: RunOnCard): string {
  const rows = [
    ["run", `\`${figures.run}\``],
    ...startRow(figures.manifest),
    ["body", `${body.number}, \`${body.id}\``],
    ...(journal === null
      ? []
      : [["journal", `${counted(journal.entries)} entries, SHA-256 \`${journal.sha256}\``]]),
    ["written by", `Homebody ${version}`],
  ];
  const check =
    journal === null
      ? undefined
      : `The journal's hash is that of its first ${counted(journal.entries)} entries as lines: ` +
        `\`curl -s URL/api/journal.jsonl | head -n ${journal.entries} | sha256sum\`.`;
  return joined("## Where it comes from", table(["", ""], rows), check).trimEnd();
}

function ownLimits({ figures, rows, words }: RunOnCard): readonly string[] {
  const own: string[] = [];
  if (words.kind === "given") own.push("What the run measured, it measured with other words than these.");
  if (rows !== null)
    own.push(`${rowsLimit(rows)} The run's figures leave them out, so this model's are a little worse.`);
  if (figures.manifest.variant === "trim")
    own.push(
      "Each source trained and was measured with those rows of the vocabulary alone that its text needs. Over all of them " +
        "this model's figures are a little worse.",
    );
  return own;
}
