// The models of a run's latest body, by what its variant lets travel:
//
//   SPEC, words of devices   one for each volunteer and source, with the words that are in the volunteer's folder
//   SPEC, words of sources   one for each source, of the body alone
//   GLOB                     one, of the body alone: all sources share it
//   TRIM                     one for each source, of the body's rows that its text needs
//
// Where rows are left out (TRIM, and SPEC over a vocabulary for all), softmax is over the rows that the text at hand needs, held-out
// part included, as in training: the text that the host serves, whose rows are those of the manifest (`served.rows`), and where text is
// brought that of the volunteer's folder.

import { type NamedTensors, namedTensors } from "@homebody/base";
import {
  declaresRows,
  exchangeFor,
  exchangeOf,
  heldOf,
  isOneVocabulary,
  leavesOutRows,
  type RowMap,
  sharesWords,
  wholeEmbedding,
} from "@homebody/dept";
import type { Parameters } from "@homebody/experiment";
import { type Model, provenanceOf } from "@homebody/export";
import { type Group, groupLayout, groups } from "@homebody/model";
import type { ManifestSource } from "@homebody/protocol";
import type { PreparedText, Tokenizer } from "@homebody/text";
import { heldText, rowsOfText } from "@homebody/volunteer";
import {
  storedHome,
  storedSources,
  storedText,
  type Text,
  textServed,
  tokenizerServed,
} from "@homebody/volunteer/node";
import type { FoundRun } from "./run.ts";

export interface TrainedModel extends Model {
  readonly name: string;
  /** Whose words it has; null where all sources share them, and of a model folder. */
  readonly source: ManifestSource | null;
  /** Where its words are a device's: the volunteer's folder, and the round whose accepted delta left them there. */
  readonly device: { readonly folder: string; readonly round: number } | null;
  /** Texts that it trained on, in its tokens, with their sources; none where they are not at hand. */
  readonly own: readonly { readonly source: ManifestSource; readonly text: PreparedText }[];
  /** Languages and ids of all sources that its body has learnt from; undefined where nobody knows. */
  readonly sources: ReadonlySet<string> | undefined;
  /** Where its vocabulary is a part of one for all: that, and the whole embedding if the body has it. Null: none is left out. */
  readonly whole: {
    readonly tokenizer: Tokenizer;
    readonly rows: RowMap;
    readonly phi: NamedTensors | null;
  } | null;
}

/** A text that a model is of: a volunteer's, or null: as the host serves it. */
interface TextAtHand {
  readonly source: ManifestSource;
  readonly volunteer: string | null;
  readonly text: Text;
}

/** `volunteers`: their folders, where they are at hand. `only`: the id of one source. */
export async function modelsOfRun(
  where: string,
  run: FoundRun,
  volunteers: readonly string[],
  only: string | undefined,
): Promise<readonly TrainedModel[]> {
  const texts: TextAtHand[] = [];
  for (const source of run.manifest.sources)
    if (only === undefined || source.id === only) texts.push(...(await textsOf(run, source, volunteers)));
  if (isOneModel(run)) return [await sharedModel(where, run, texts)];
  const models: TrainedModel[] = [];
  for (const one of texts) {
    const model = await modelOf(`${where}#${one.source.id}`, run, one);
    if (model !== undefined) models.push(model);
  }
  return models;
}

const isOneModel = ({ manifest }: FoundRun) => isOneVocabulary(manifest) && !leavesOutRows(manifest);

/**
 * The same where the text at hand does not matter, since whole vocabularies are wanted: then TRIM has one model, too, of all
 * rows of the body.
 */
export async function wholeModelsOfRun(
  where: string,
  run: FoundRun,
  volunteers: readonly string[],
  only: string | undefined,
): Promise<readonly TrainedModel[]> {
  if (isOneVocabulary(run.manifest)) return [await sharedModel(where, run, [])];
  return await modelsOfRun(where, run, volunteers, only);
}

/** Over the whole vocabulary: rows that are left out as the body has them (TRIM), or as they are first drawn by the seed (SPEC). */
export function wholeModel(model: TrainedModel, seed: string): Model {
  const { whole, provenance } = model;
  if (whole === null) return model;
  const { rows, phi, tokenizer } = whole;
  const config = { ...model.config, vocab_size: rows.size };
  const all = phi ?? wholeEmbedding(seed, config, model.parameters.phi, rows);
  return { config, parameters: { ...model.parameters, phi: all }, tokenizer, provenance };
}

async function textsOf(
  { manifest, served }: FoundRun,
  source: ManifestSource,
  volunteers: readonly string[],
): Promise<readonly TextAtHand[]> {
  const hasHome = !declaresRows(manifest) && exchangeFor(manifest, source, null).home.length > 0;
  if (source.served !== null && !hasHome)
    return [{ source, volunteer: null, text: await textServed(manifest, source, served) }];
  const of = volunteers.filter((folder) => storedSources(folder, manifest).includes(source));
  return await Promise.all(
    of.map(async (volunteer) => ({ source, volunteer, text: await storedText(volunteer, manifest, source) })),
  );
}

/** Undefined where the source has no words yet, since no delta of it was accepted. */
async function modelOf(
  name: string,
  run: FoundRun,
  { source, volunteer, text }: TextAtHand,
): Promise<TrainedModel | undefined> {
  const { manifest, learntFrom } = run;
  if (sharesWords(manifest, source) && !learntFrom.has(source.id)) return undefined;
  const rows = leavesOutRows(manifest) ? rowsOfText(source.vocabulary, text) : null;
  const { config, sections, home } = exchangeFor(manifest, source, rows);
  const kept = volunteer === null ? undefined : await storedHome(volunteer, manifest, source, rows);
  if (home.length > 0 && kept === undefined) return undefined;
  const found: Partial<Record<Group, NamedTensors>> = {};
  let phi: NamedTensors | null = null;
  for (const group of groups) {
    const section = sections.find((one) => one.group === group);
    const whole = section && (await run.section(section.name));
    if (section !== undefined && whole === undefined) return undefined; // it joined, and the next body has it
    if (section?.rows) phi = whole!;
    // What neither travels nor stays has no parameters.
    const values = whole && heldOf(section!, whole);
    found[group] = values ?? kept?.values.get(group) ?? namedTensors(groupLayout(config, group));
  }
  const held = rows === null ? text : heldText(text, rows);
  return {
    ...described(run, name),
    config,
    parameters: found as Parameters,
    tokenizer: held.tokenizer,
    provenance: {
      ...provenanceOf(manifest, run.body),
      source: source.id,
      ...(kept === undefined ? {} : { words_of_round: String(kept.round) }),
      ...(rows === null ? {} : { rows: `${rows.ids.length} of ${rows.size}` }),
    },
    source,
    device: kept === undefined ? null : { folder: volunteer!, round: kept.round },
    own: [{ source, text: held }],
    whole: rows === null ? null : { tokenizer: text.tokenizer, rows, phi },
  };
}

/** The body is the whole model over the whole vocabulary, and its tokenizer is that of every source. */
async function sharedModel(name: string, run: FoundRun, texts: TrainedModel["own"]): Promise<TrainedModel> {
  const { manifest, served } = run;
  const { config } = exchangeOf(manifest);
  const found: Partial<Record<Group, NamedTensors>> = {};
  for (const group of groups)
    found[group] = (await run.section(group)) ?? namedTensors(groupLayout(config, group)); // of no parameters
  return {
    ...described(run, name),
    config,
    parameters: found as Parameters,
    tokenizer: (await tokenizerServed(manifest.sources[0]!, served))!,
    provenance: provenanceOf(manifest, run.body),
    source: null,
    device: null,
    own: texts,
    whole: null,
  };
}

function described({ manifest, learntFrom }: FoundRun, name: string): Pick<TrainedModel, "name" | "sources"> {
  const learnt = manifest.sources.filter(({ id }) => learntFrom.has(id));
  return { name, sources: new Set(learnt.flatMap(({ id, language }) => [id, language])) };
}
