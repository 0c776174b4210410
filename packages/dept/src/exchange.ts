// The exchange: what travels in a run, as a value. Whoever moves, stores, counts, averages, publishes, keeps or shows
// parameters asks it, and knows nothing of variants: changing it here changes it everywhere.
//
// The variants of DEPT (Iacob et al., arXiv 2410.05021, section 2): theta is the body of the transformer, phi the token
// embedding (with the head, if it is not tied), psi the position embedding. GLOB exchanges everything, over one
// vocabulary that all sources share; TRIM the same, but a device trains and returns only the rows of phi that its text
// needs; SPEC exchanges theta alone. Where the words of SPEC are a source's (an extension of ours: the paper has one
// worker a source), phi and psi of a source are sections of its own, averaged among its volunteers and never across
// sources. Sections stand in one order, in deltas and in bodies.

import { InputError, type NamedTensors, once, type TensorLayout } from "@homebody/base";
import { codecNames, codecOf, type DeltaCodec, deltaBytes, type Feedback } from "@homebody/codec";
import { type ModelConfig, modelConfig } from "@homebody/model/config";
import { type Group, groupLayout, groups } from "@homebody/model/parameters";
import type { Abilities, ManifestSource, RunManifest, SectionName } from "@homebody/protocol";
import { heldLayout, type RowMap, rowMapFrom, takeRows } from "./row-map.ts";

/** A run's manifest, also before it has an identity. */
export type Manifest = Omit<RunManifest, "run">;

/** One group of parameters that travels. */
export interface Section {
  /** Of this exchange: that of its group, with the source's where it is one source's alone. */
  readonly name: SectionName;
  readonly group: Group;
  /** Whose it is; null: everybody's. */
  readonly source: ManifestSource["id"] | null;
  /** Of the whole, as the coordinator has it. */
  readonly layout: TensorLayout;
  /** Of the model whose vocabulary are the section's rows. */
  readonly config: ModelConfig;
  /** The rows of it that are held here; null: all. */
  readonly rows: RowMap | null;
  /** Of what is held: a device trains this, and its deltas have this layout. The whole where all rows are held. */
  readonly held: TensorLayout;
  readonly codec: DeltaCodec;
  /** How outer steps of it are written, for whoever has what they are added to; `off`: the whole of it travels. */
  readonly down: RunManifest["down"];
  /** What its numbers are in a body. */
  readonly body: RunManifest["body"];
  /** How the coordinator makes the next numbers of it from the mean of the deltas. */
  readonly outer: RunManifest["outer"];
}

export interface Exchange {
  readonly sections: readonly Section[];
  /** How what the codecs leave out of a delta goes into later ones; null: not at all. */
  readonly feedback: Feedback | null;
  /** Groups that have parameters and never leave the device. */
  readonly home: readonly { readonly name: Group; readonly layout: TensorLayout }[];
  /** The model as it is trained here: its vocabulary are the rows that are held. */
  readonly config: ModelConfig;
}

type Travel = "whole" | "rows" | "home";

const travels: Readonly<Record<RunManifest["variant"], Readonly<Record<Group, Travel>>>> = {
  spec: { theta: "whole", phi: "home", psi: "home" },
  glob: { theta: "whole", phi: "whole", psi: "whole" },
  trim: { theta: "whole", phi: "rows", psi: "whole" },
};

/**
 * The run's exchange as the coordinator has it: every row of every section, and the words of every source that shares them.
 * Made once a manifest.
 */
export const exchangeOf: (manifest: Manifest) => Exchange = once((manifest) => {
  if (isOneVocabulary(manifest)) requireOneVocabulary(manifest);
  return exchange(manifest, manifest.sources, null);
});

/** Whether the token embedding, and so its vocabulary, is a section that all sources share. */
export function isOneVocabulary({ variant }: Pick<Manifest, "variant">): boolean {
  return travels[variant].phi !== "home";
}

function requireOneVocabulary({ variant, sources }: Manifest): void {
  const { vocabulary: first } = sources[0]!;
  for (const { id, vocabulary } of sources)
    if (vocabulary !== first)
      throw new InputError(
        `sources.${id}.vocabulary`,
        `${first}, as all sources share one under ${variant}`,
        `${vocabulary}`,
      );
}

/** Whether the volunteers of a source share its embeddings, by way of the coordinator. */
export function sharesWords(manifest: Manifest, { words }: ManifestSource): boolean {
  return !isOneVocabulary(manifest) && words === "source";
}

/**
 * Whether volunteers of a source can measure each other's deltas: all have its text, and its words come with the body. What a delta
 * does for words that stay on one device says nothing of those on another one.
 */
export function canReview(manifest: Manifest, source: ManifestSource): boolean {
  return source.served !== null && (isOneVocabulary(manifest) || sharesWords(manifest, source));
}

/** Whether a device leaves out the rows of the vocabulary that its text does not need. */
export function leavesOutRows({ variant, vocabulary }: Manifest): boolean {
  const travel = travels[variant].phi;
  return travel === "rows" || (travel === "home" && vocabulary.kind === "global");
}

/** Whether a device declares which rows it holds, before its first delta. */
export function declaresRows({ variant }: Manifest): boolean {
  return groups.some((group) => travels[variant][group] === "rows");
}

/**
 * The row map that a device exchanges by: that of the served text where the manifest has one, else what the device
 * declared (bitmaps); null where none is exchanged by. An InputError says what is wrong with a map.
 */
export function rowsOfDevice(
  manifest: Manifest,
  { vocabulary }: ManifestSource,
  {
    served,
    declared,
  }: { readonly served?: Uint8Array | undefined; readonly declared?: Uint8Array | undefined },
): RowMap | null {
  if (!declaresRows(manifest)) return null;
  const bits = served ?? declared;
  if (bits === undefined) throw new InputError("row map", `one of ${vocabulary} rows`, "none");
  return rowMapFrom(bits, vocabulary);
}

/**
 * The exchange of one device. `rows` is its row map where it leaves rows out, else null; where the map is the device's own
 * affair (SPEC), the coordinator has none, and what it says of what stays at home is of the whole vocabulary. An
 * InputError says what was expected.
 */
export function exchangeFor(manifest: Manifest, source: ManifestSource, rows: RowMap | null): Exchange {
  const { variant } = manifest;
  if (rows === null && declaresRows(manifest))
    throw new InputError("row map", `one, under ${variant}`, "none");
  if (rows !== null && !leavesOutRows(manifest))
    throw new InputError("row map", `none, under ${variant}`, "one");
  if (rows !== null && rows.size !== source.vocabulary)
    throw new InputError("row map", `${source.vocabulary} rows`, `${rows.size}`);
  if (rows !== null && sharesWords(manifest, source) && rows.ids.length !== wordsOf(source))
    throw new InputError("row map", `the ${wordsOf(source)} rows of the served text`, `${rows.ids.length}`);
  return rows === null ? wholeOf(manifest)(source) : exchange(manifest, [source], rows);
}

/** Of a device that leaves nothing out: made once a source. */
const wholeOf = once((manifest: Manifest) =>
  once((source: ManifestSource) => exchange(manifest, [source], null)),
);

/** Of these sources together. `rows`: those that one source's device holds; null: all. */
function exchange(manifest: Manifest, sources: readonly ManifestSource[], rows: RowMap | null): Exchange {
  const { vocabulary } = sources[0]!;
  const whole = configOf(manifest, vocabulary);
  const config = rows === null ? whole : configOf(manifest, rows.ids.length);
  const sharing = sources.filter((source) => sharesWords(manifest, source));
  const sections: Section[] = [];
  const home: Exchange["home"][number][] = [];
  for (const group of groups) {
    const layout = groupLayout(config, group);
    if (layout.size === 0) continue;
    const travel = travels[manifest.variant][group];
    if (travel !== "home") sections.push(sectionOf(manifest, group, whole, travel === "rows" ? rows : null));
    else if (sharing.length === 0) home.push({ name: group, layout });
    else for (const source of sharing) sections.push(sectionOfSource(manifest, group, source));
  }
  const { errorFeedback } = manifest;
  return { sections, feedback: errorFeedback === "off" ? null : errorFeedback, home, config };
}

function sectionOfSource(manifest: Manifest, group: Group, source: ManifestSource): Section {
  const section = sectionOf(manifest, group, configOf(manifest, wordsOf(source)), null);
  return { ...section, name: `${group as "phi" | "psi"}/${source.id}`, source: source.id };
}

/** A section that all sources share. */
function sectionOf(
  { codec, down, body, outer }: Manifest,
  group: Group,
  config: ModelConfig,
  rows: RowMap | null,
): Section {
  const layout = groupLayout(config, group);
  const held = rows === null ? layout : heldLayout(layout, rows);
  return { name: group, group, source: null, layout, config, rows, held, codec, down, body, outer };
}

/** Rows of the embedding that the volunteers of a source share: those that the served text needs, where some are left out. */
function wordsOf({ served, vocabulary }: ManifestSource): number {
  return served?.rows?.held ?? vocabulary;
}

function configOf({ model }: Manifest, vocabulary: number): ModelConfig {
  return modelConfig(model as Parameters<typeof modelConfig>[0], vocabulary);
}

/** The held rows of a section's numbers; the numbers themselves where all are held. */
export function heldOf({ rows }: Pick<Section, "rows">, whole: NamedTensors): NamedTensors {
  return rows === null ? whole : takeRows(whole, rows);
}

/** How the sections of a delta of this exchange are written. */
export function formsOf({ sections }: Exchange) {
  return sections.map(({ codec, held }) => ({ codec, layout: held }));
}

/** The size of a delta: `exact`, or at most. */
export function deltaSize(exchange: Exchange): { readonly most: number; readonly exact: boolean } {
  return deltaBytes(formsOf(exchange));
}

const ofSource = (group: Group) => `${group}-of-source`;

/** What this version can do: for a volunteer's hello. */
export const abilities: Abilities = {
  codecs: codecNames,
  sections: [...groups, ofSource("phi"), ofSource("psi")],
  vocabularies: ["own", "source", "global"],
  optimisers: ["adamw", "muon"],
  rounds: ["steps", "time-box"],
  bodies: ["fp32", "fp16"],
};

/** What a run needs of whoever takes part in it. Made once a manifest. */
const needsOf: (manifest: Manifest) => Abilities = once((manifest) => {
  const { sections } = exchangeOf(manifest);
  return {
    codecs: [...new Set(sections.map(({ codec }) => codecOf(codec).name))],
    sections: [...new Set(sections.map(({ group, source }) => (source === null ? group : ofSource(group))))],
    vocabularies: [manifest.vocabulary.kind],
    optimisers: [manifest.training.optimiser.kind],
    rounds: [manifest.training.timeBox === "off" ? "steps" : "time-box"],
    bodies: [manifest.body],
  };
});

/** Whether a device that can do this can take part [P23]. */
export function canTakePart(manifest: Manifest, can: Abilities): boolean {
  const needs = needsOf(manifest);
  const kinds = ["codecs", "sections", "vocabularies", "optimisers", "rounds", "bodies"] as const;
  return kinds.every((kind) => needs[kind].every((word) => can[kind].includes(word)));
}
