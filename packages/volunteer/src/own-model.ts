// The model that a device keeps: the body that it had last, with the words that count, over the whole vocabulary. Of the disk
// alone, so it takes no coordinator and no engine [V43].

import { decodeSafetensors, type NamedTensors, once, type Sha256, sha256Of } from "@homebody/base";
import { decodeSection, exchangeFor, leavesOutRows, wholeEmbedding } from "@homebody/dept";
import type { ModelConfig } from "@homebody/model/config";
import { everyGroup, type Group, groupLayout } from "@homebody/model/parameters";
import {
  bodyId,
  checkManifest,
  type ManifestSource,
  type RunManifest,
  type SectionFile,
} from "@homebody/protocol";
import type { Tokenizer } from "@homebody/text";
import type { Disk } from "./ports.ts";
import { readRecord } from "./record.ts";
import { rowsOfText } from "./rows.ts";
import { storedNames } from "./stored-names.ts";
import { storedState } from "./stored-state.ts";
import { loadText } from "./text-file.ts";

export interface OwnModel {
  readonly manifest: RunManifest;
  readonly source: ManifestSource;
  readonly config: ModelConfig;
  readonly parameters: Readonly<Record<Group, NamedTensors>>;
  readonly tokenizer: Tokenizer;
  readonly body: { readonly number: number; readonly id: Sha256 };
  /** The round whose accepted delta left the words on this device; 0: they are fitted to a body; null where words are in the body. */
  readonly wordsOfRound: number | null;
  /** Where words leave out rows of the vocabulary: how many they have. */
  readonly rows: { readonly held: number; readonly of: number } | null;
  /** Of that body with this device's words, on its held-out text; null where it was not measured. */
  readonly bitsPerByte: number | null;
}

/** The run that the disk is of; undefined where it keeps none. */
async function storedManifest(disk: Pick<Disk, "read">): Promise<RunManifest | undefined> {
  const bytes = await disk.read(storedNames.run);
  return bytes && checkManifest(JSON.parse(new TextDecoder().decode(bytes)), storedNames.run);
}

export async function keepManifest(manifest: RunManifest, disk: Pick<Disk, "write">): Promise<void> {
  await disk.write(storedNames.run, fileOf(manifest));
}

/** Made once a manifest: many volunteers of a run may be in one process. */
const fileOf = once((manifest: RunManifest) => new TextEncoder().encode(JSON.stringify(manifest)));

/** Undefined where the disk has no body yet, or no words that belong to one. */
export async function ownModel(disk: Disk): Promise<OwnModel | undefined> {
  const manifest = await storedManifest(disk);
  const record = await readRecord(disk);
  const source = manifest?.sources.find(({ id }) => id === record.source);
  const text = source && (await loadText(source, disk));
  if (manifest === undefined || source === undefined || text === undefined) return undefined;
  const rows = leavesOutRows(manifest) ? rowsOfText(source.vocabulary, text) : null;
  const exchange = exchangeFor(manifest, source, rows);
  const body = await storedBody(disk, exchange.sections);
  if (body === undefined) return undefined;
  const state = storedState(disk, exchange);
  const round = await state.homeRound();
  const home = exchange.home.length === 0 ? null : await state.home(round);
  if (home === undefined) return undefined;
  const found = new Map<Group, NamedTensors>([...body.groups, ...(home?.values ?? [])]);
  const phi = found.get("phi")!; // a section or at home, under every variant
  const config = rows === null ? exchange.config : { ...exchange.config, vocab_size: rows.size };
  // Under TRIM the body has the rows that the device leaves out.
  const lacksRows = rows !== null && phi.layout.size < groupLayout(config, "phi").size;
  if (lacksRows) found.set("phi", wholeEmbedding(manifest.training.seed, config, phi, rows));
  const { number, id } = body;
  const score = record.scores.find((one) => one.body === number);
  return {
    ...{ manifest, source, config, tokenizer: text.tokenizer, body: { number, id } },
    parameters: everyGroup(config, found),
    wordsOfRound: home === null ? null : round,
    rows: lacksRows ? { held: rows.ids.length, of: rows.size } : null,
    bitsPerByte: score?.bitsPerByte ?? null,
  };
}

type Sections = ReturnType<typeof exchangeFor>["sections"];

/** The body that was downloaded last, whole; undefined where a section of it is not there. */
async function storedBody(disk: Pick<Disk, "read">, sections: Sections) {
  const files: Pick<SectionFile, "name" | "sha256">[] = [];
  const numbers: number[] = [];
  const found = new Map<Group, NamedTensors>();
  for (const section of sections) {
    const bytes = await disk.read(storedNames.body(section.group));
    if (bytes === undefined) return undefined;
    files.push({ name: section.name, sha256: sha256Of(bytes) });
    numbers.push(Number(decodeSafetensors(bytes, section.name, () => false).metadata.body));
    found.set(section.group, decodeSection(section, bytes));
  }
  // A section that nobody exchanged in a round is the file of an earlier body.
  return { number: Math.max(...numbers), id: bodyId(files), groups: found };
}
