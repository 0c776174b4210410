// A model of the run, made in the browser of what the coordinator serves by its hash: the latest body's sections and a tokenizer. It
// costs the coordinator no more than these downloads.

import { InputError, type NamedTensors, type Sha256, type SourceId, sha256OfMany } from "@homebody/base";
import type { Figures } from "@homebody/coordinator";
import {
  decodeSection,
  exchangeFor,
  exchangeOf,
  rowMapFrom,
  type Section,
  wholeEmbedding,
} from "@homebody/dept";
import { type Format, type Model, provenanceOf, type RunOnCard, runCard } from "@homebody/export";
import { everyGroup, type Group } from "@homebody/model/parameters";
import type { ManifestSource } from "@homebody/protocol";
import { decodeUtf8, tokenizerFromJson } from "@homebody/text";

/** What is served at this path. */
export type Download = (path: string) => Promise<Uint8Array>;

export interface RunModel {
  readonly model: Model;
  readonly card: string;
}

/** `format`: of the files that the card is for. `id`: whose words, where the body has those of sources; null where all share them. Throws an InputError that says what is missing. */
export async function modelOfRun(
  figures: Figures,
  id: SourceId | null,
  { download, format }: { readonly download: Download; readonly format: Format },
): Promise<RunModel> {
  const { manifest } = figures;
  const body = figures.bodies.at(-1)!; // every run has one
  const source = id === null ? null : sourceOf(figures, id);
  const { sections, config } = source === null ? exchangeOf(manifest) : exchangeFor(manifest, source, null);
  const found = new Map<Group, NamedTensors>();
  for (const section of sections) {
    const file = body.sections.find(({ name }) => name === section.name);
    if (file === undefined)
      throw new InputError(`body ${body.number}`, `the words of ${id} (the next body has them)`, "none");
    found.set(section.group, await readSection(section, file.sha256, download));
  }
  const rows = source?.served?.rows;
  const phi = found.get("phi")!;
  if (source !== null && rows !== undefined) {
    const map = rowMapFrom(await checked(download, "texts", rows.sha256), source.vocabulary);
    found.set("phi", wholeEmbedding(manifest.training.seed, config, phi, map));
  }
  const model = {
    config,
    parameters: everyGroup(config, found),
    tokenizer: await tokenizerOf(source ?? manifest.sources[0]!, download),
    provenance: { ...provenanceOf(manifest, body), ...(id === null ? {} : { source: id }) },
  };
  const about: RunOnCard = {
    ...{ figures, body, source, journal: null, bitsPerByte: null },
    words: { kind: source === null ? "run" : "source" },
    rows: rows === undefined || source === null ? null : { held: rows.held, of: source.vocabulary },
  };
  const card = runCard(model, about, format);
  return { model, card };
}

function sourceOf({ manifest }: Figures, id: SourceId): ManifestSource {
  return manifest.sources.find((source) => source.id === id)!;
}

async function readSection(section: Section, sha256: Sha256, download: Download): Promise<NamedTensors> {
  return decodeSection(section, await checked(download, "bodies", sha256));
}

async function tokenizerOf({ tokenizer, id }: ManifestSource, download: Download) {
  if (tokenizer === null) throw new InputError(`source ${id}`, "a tokenizer that the host serves", "none");
  const bytes = await checked(download, "tokenizers", tokenizer.sha256);
  return tokenizerFromJson(decodeUtf8("tokenizer.json", bytes));
}

async function checked(download: Download, folder: string, sha256: Sha256): Promise<Uint8Array> {
  const path = `/${folder}/${sha256}`;
  const bytes = await download(path);
  const got = await sha256OfMany(bytes);
  if (got !== sha256) throw new InputError(path, `hash ${sha256}`, got);
  return bytes;
}
