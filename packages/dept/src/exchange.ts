// The exchange: what travels in a run, as a value. Whoever moves, stores, counts, averages, publishes, keeps or shows
// parameters asks it, and knows nothing of variants: changing it here changes it everywhere.
//
// The variants of DEPT (Iacob et al., arXiv 2410.05021, section 2): theta is the body of the transformer, phi the token
// embedding (with the head, if it is not tied), psi the position embedding. GLOB exchanges everything, over one
// vocabulary that all sources share; TRIM the same, but a device trains and returns only the rows of phi that its text
// needs; SPEC exchanges theta alone. Sections stand in one order, in deltas and in bodies.

import { InputError, type NamedTensors, type TensorLayout } from "@homebody/base";
import { type CodecName, codecs, deltaBytes } from "@homebody/codec";
import { type ModelConfig, modelConfig } from "@homebody/model/config";
import { type Group, groupLayout, groups } from "@homebody/model/parameters";
import type { Abilities, ManifestSource, RunManifest } from "@homebody/protocol";
import { heldLayout, type RowMap, rowMapFrom, takeRows } from "./row-map.ts";

/** A run's manifest, also before it has an identity. */
export type Manifest = Omit<RunManifest, "run">;

/** One group of parameters that travels. */
export interface Section {
  /** That of its group. */
  readonly name: Group;
  /** Of the whole, as the coordinator has it. */
  readonly layout: TensorLayout;
  /** The rows of it that are held here; null: all. */
  readonly rows: RowMap | null;
  /** Of what is held: a device trains this, and its deltas have this layout. The whole where all rows are held. */
  readonly held: TensorLayout;
  readonly codec: CodecName;
  /** How the coordinator makes the next numbers of it from the mean of the deltas. */
  readonly outer: RunManifest["outer"];
}

export interface Exchange {
  readonly sections: readonly Section[];
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

/** The run's exchange as the coordinator has it: every row of every section. */
export function exchangeOf(manifest: Manifest): Exchange {
  const source = manifest.sources[0]!;
  if (travels[manifest.variant].phi !== "home")
    for (const { id, vocabulary } of manifest.sources)
      if (vocabulary !== source.vocabulary)
        throw new InputError(
          `sources.${id}.vocabulary`,
          `${source.vocabulary}, as all sources share one under ${manifest.variant}`,
          `${vocabulary}`,
        );
  return exchange(manifest, source, null);
}

/** Whether a device declares which rows it holds, before its first delta. */
export function declaresRows({ variant }: Manifest): boolean {
  return groups.some((group) => travels[variant][group] === "rows");
}

/**
 * The row map that a device exchanges by: that of the served text where the manifest has one, else what the device
 * declared (bitmaps); null where rows are no matter of the text. An InputError says what is wrong with a map.
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
 * The exchange of one device. `rows` is its row map where rows are a matter of the text, else null: an InputError says
 * which of the two was expected.
 */
export function exchangeFor(manifest: Manifest, source: ManifestSource, rows: RowMap | null): Exchange {
  if (declaresRows(manifest) !== (rows !== null))
    throw new InputError(
      "row map",
      rows === null ? `one, under ${manifest.variant}` : `none, under ${manifest.variant}`,
      rows === null ? "none" : "one",
    );
  if (rows !== null && rows.size !== source.vocabulary)
    throw new InputError("row map", `${source.vocabulary} rows`, `${rows.size}`);
  return exchange(manifest, source, rows);
}

function exchange(manifest: Manifest, source: ManifestSource, rows: RowMap | null): Exchange {
  const { variant, codec, outer } = manifest;
  const whole = configOf(manifest, source.vocabulary);
  const sections: Section[] = [];
  const home: Exchange["home"][number][] = [];
  for (const name of groups) {
    const layout = groupLayout(whole, name);
    if (layout.size === 0) continue;
    const travel = travels[variant][name];
    if (travel === "home") {
      home.push({ name, layout });
      continue;
    }
    const own = travel === "rows" ? rows : null;
    sections.push({
      name,
      layout,
      rows: own,
      held: own === null ? layout : heldLayout(layout, own),
      codec,
      outer,
    });
  }
  return { sections, home, config: rows === null ? whole : configOf(manifest, rows.ids.length) };
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

/** What this version can do: for a volunteer's hello. */
export const abilities: Abilities = { codecs: Object.keys(codecs), sections: groups };

/** Whether a device that can do this can take part [P23]. */
export function canTakePart(exchange: Exchange, can: Abilities): boolean {
  const needs = needsOf(exchange);
  return (
    needs.codecs.every((codec) => can.codecs.includes(codec)) &&
    needs.sections.every((section) => can.sections.includes(section))
  );
}

/** What a device must be able to do to take part. */
function needsOf({ sections }: Exchange): {
  readonly codecs: readonly CodecName[];
  readonly sections: readonly Group[];
} {
  return {
    codecs: [...new Set(sections.map(({ codec }) => codec))],
    sections: sections.map(({ name }) => name),
  };
}
