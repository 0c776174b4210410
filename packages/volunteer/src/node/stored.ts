// What a volunteer's folder has of a run, read beside it: for those who measure.

import { existsSync } from "node:fs";
import { join } from "node:path";
import { InputError, type NamedTensors, type SourceId } from "@homebody/base";
import { exchangeFor, type RowMap } from "@homebody/dept";
import type { Group } from "@homebody/model/parameters";
import type { ManifestSource, RunManifest } from "@homebody/protocol";
import { ownModel } from "../own-model.ts";
import { readRecord } from "../record.ts";
import { storedNames } from "../stored-names.ts";
import { storedState } from "../stored-state.ts";
import { upgradeText } from "../stored-v1.ts";
import { loadText, type Text } from "../text-file.ts";
import { folderDisk } from "./disk.ts";

/** Of one run and one source, in a volunteer's folder. */
export const folderOf = (dataDir: string, { run }: Pick<RunManifest, "run">, source: SourceId) =>
  join(dataDir, `${run.slice(0, 16)}-${source}`);

/** Whether a folder is that of one run and source. */
export const storedRunIn = (folder: string) => existsSync(join(folder, storedNames.run));

/** The source whose words such a folder has; null where nothing was kept of it yet. */
export const storedSourceIn = async (folder: string) => (await readRecord(await folderDisk(folder))).source;

/** The model in such a folder; undefined where it has none yet. */
export const ownModelIn = async (folder: string) => ownModel(await folderDisk(folder));

/** The sources of the run that a volunteer in this folder has something of. */
export function storedSources(dataDir: string, manifest: RunManifest): readonly ManifestSource[] {
  return manifest.sources.filter(({ id }) => existsSync(folderOf(dataDir, manifest, id)));
}

/** The text that a volunteer in this folder has prepared. */
export async function storedText(
  dataDir: string,
  manifest: RunManifest,
  source: ManifestSource,
): Promise<Text> {
  const disk = await folderDisk(folderOf(dataDir, manifest, source.id));
  await upgradeText(disk);
  const text = await loadText(source, disk);
  if (text === undefined) throw new InputError(dataDir, `prepared text of ${source.id}`, "none");
  return text;
}

export interface StoredHome {
  /** Whose accepted delta left them. */
  readonly round: number;
  readonly values: ReadonlyMap<Group, NamedTensors>;
}

/**
 * The home tensors that count; undefined where no delta was accepted yet, or where nothing stays at home. `rows`: those that
 * its text needs, where the run leaves rows out, else null.
 */
export async function storedHome(
  dataDir: string,
  manifest: RunManifest,
  source: ManifestSource,
  rows: RowMap | null,
): Promise<StoredHome | undefined> {
  const exchange = exchangeFor(manifest, source, rows);
  if (exchange.home.length === 0) return undefined;
  const state = storedState(await folderDisk(folderOf(dataDir, manifest, source.id)), exchange);
  const round = await state.homeRound();
  const kept = await state.home(round);
  return kept && { round, values: kept.values };
}
