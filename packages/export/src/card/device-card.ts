// The card of the model that a volunteer's device keeps: only what the run's manifest says, and what the device measured itself [X23].

import type { Sha256 } from "@homebody/base";
import { dimensions } from "@homebody/model";
import { type ManifestSource, type RunManifest, version } from "@homebody/protocol";
import type { Model } from "../model.ts";
import type { Format } from "../port.ts";
import { counted, joined, list, plain, quoted, table } from "./markdown.ts";
import { frontMatter, limits, type Rows, rowsLimit, shape, use } from "./parts.ts";
import { startRow, training } from "./training.ts";

export interface DeviceOnCard {
  readonly manifest: RunManifest;
  readonly source: ManifestSource;
  readonly body: { readonly number: number; readonly id: Sha256 };
  /** The round whose accepted delta left the words on the device; 0: they are fitted to a body; null where words are in the body. */
  readonly wordsOfRound: number | null;
  /** Where these words left out rows of the vocabulary: how many they had [X10]. */
  readonly rows: Rows | null;
  /** Of these words with this body on the device's held-out text; null where it was not measured. */
  readonly bitsPerByte: number | null;
}

/** Of the model's files in that format. */
export function deviceCard(model: Model, device: DeviceOnCard, format: Format): string {
  const { manifest, source, body, rows } = device;
  const origin = [
    ["run", `\`${manifest.run}\``],
    ...startRow(manifest),
    ["body", `${counted(body.number)}, \`${body.id}\``],
    ["source", `${plain(source.title)} (\`${source.id}\`)`],
    ["licence of its text", source.licence === undefined ? "not stated" : plain(source.licence)],
    ["written by", `Homebody ${version}`],
  ];
  const own = [
    "What the run's other devices measured of it, and its journal, are with the run's host.",
    ...(rows === null ? [] : [rowsLimit(rows)]),
  ];
  return joined(
    frontMatter([source.language], format),
    `# ${plain(manifest.name)}: ${plain(source.title)}`,
    quoted(manifest.description),
    `A ${shape(model.config)}, as one device of a volunteer kept it. Volunteers trained its body together, each on texts of its own, ` +
      `in a run of Homebody that ${plain(manifest.host)} hosted. ${wordsSentence(device)}${measuredSentence(device)}`,
    use(format),
    training(manifest, body.number, null),
    `## Where it comes from\n\n${table(["", ""], origin)}\n\nA licence of the model is not stated.`,
    `## Limits\n\n${list([...limits(dimensions(model.config)), ...own])}`,
  );
}

function wordsSentence({ wordsOfRound, source, body }: DeviceOnCard): string {
  if (wordsOfRound === null) return "Its embeddings are those of the body.";
  const whose = `Its embeddings are this device's, of ${plain(source.title)}`;
  if (wordsOfRound === 0) return `${whose}, fitted to the body.`;
  const later = wordsOfRound === body.number ? "." : `; the body is that of round ${body.number}.`;
  return `${whose}, as its delta of round ${wordsOfRound} left them${later}`;
}

const measuredSentence = ({ bitsPerByte }: DeviceOnCard) =>
  bitsPerByte === null
    ? ""
    : ` With this body they need ${bitsPerByte.toFixed(3)} bits per byte on the device's held-out text.`;
