// Trained models by what a person writes for them: a model folder, or a coordinator's data folder with the words of the volunteers
// on this machine beside it, which gives a model for each of them.

import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { InputError, type NamedTensors } from "@homebody/base";
import { exchangeOf } from "@homebody/dept";
import type { Model, Parameters } from "@homebody/experiment";
import { type Group, groupLayout, groups, type ModelConfig } from "@homebody/model";
import type { ManifestSource } from "@homebody/protocol";
import type { PreparedText } from "@homebody/text";
import { type StoredHome, storedHome, storedSources, storedText } from "@homebody/volunteer/node";
import { provenanceOf } from "./body.ts";
import { isModelFolder, readModelFolder } from "./folder.ts";
import { type FoundRun, isDataFolder, runInFolder } from "./run.ts";

export interface TrainedModel extends Model {
  readonly name: string;
  /** The source that it trained on and that source's text, where they are known. */
  readonly own: { readonly source: ManifestSource; readonly text: PreparedText } | undefined;
  /** Languages and ids of all sources that its body has learnt from; undefined where nobody knows. */
  readonly sources: ReadonlySet<string> | undefined;
}

/** Throws an InputError where there is no model. */
export async function findModels(path: string): Promise<readonly TrainedModel[]> {
  if (isModelFolder(path))
    return [{ ...(await readModelFolder(path)), name: path, own: undefined, sources: undefined }];
  if (!isDataFolder(path))
    throw new InputError("model", "a model folder or a coordinator's data folder", `something else: ${path}`);
  const models: TrainedModel[] = [];
  const run = await runInFolder(path);
  const folder = join(path, "volunteers");
  const names = await readdir(folder, { withFileTypes: true }).catch(() => []);
  for (const entry of names
    .filter((one) => one.isDirectory())
    .sort((a, b) => Number(a.name) - Number(b.name)))
    for (const source of storedSources(join(folder, entry.name), run.manifest)) {
      const model = await modelOf(path, run, join(folder, entry.name), source);
      if (model !== undefined) models.push(model);
    }
  if (models.length === 0)
    throw new InputError("model", `volunteers' words in ${folder}, as npm start leaves them`, "none");
  return numbered(models);
}

/** The latest body with the words of one volunteer; undefined where it has none, since no delta of it was accepted yet. */
async function modelOf(
  path: string,
  { manifest, body, section, learntFrom }: FoundRun,
  volunteer: string,
  source: ManifestSource,
): Promise<TrainedModel | undefined> {
  const config: ModelConfig = { ...exchangeOf(manifest).config, vocab_size: source.vocabulary };
  const home = await storedHome(volunteer, manifest, source);
  const found: Partial<Record<Group, NamedTensors>> = {};
  for (const group of groups) {
    const layout = groupLayout(config, group);
    const tensors =
      (await section(group)) ??
      home?.values.get(group) ??
      (layout.size === 0 ? { layout, data: new Float32Array(0) } : undefined);
    if (tensors === undefined) return undefined;
    found[group] = tensors;
  }
  const text = await storedText(volunteer, manifest, source);
  return {
    name: `${path}/${source.id}`,
    config,
    parameters: found as Parameters,
    tokenizer: text.tokenizer,
    provenance: { ...provenanceOf(manifest, body), source: source.id, ...roundOf(home) },
    own: { source, text },
    sources: new Set(
      manifest.sources.flatMap(({ id, language }) => (learntFrom.has(id) ? [id, language] : [])),
    ),
  };
}

const roundOf = (home: StoredHome | undefined) =>
  home === undefined ? {} : { words_of_round: String(home.round) };

/** Volunteers of one source have names of their own. */
function numbered(models: readonly TrainedModel[]): TrainedModel[] {
  return models.map((model, i) => {
    const same = models.filter(({ name }) => name === model.name);
    return same.length === 1 ? model : { ...model, name: `${model.name}#${1 + same.indexOf(models[i]!)}` };
  });
}
