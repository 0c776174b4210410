// The weights of a model folder: one file or several, float32 or 16-bit floats, under the names of the model with its head or
// of the model without one (transformers' base classes leave `transformer.` and `model.` out). Tensors that no group has are left
// unread: masks, tables of rotary positions, a head that is tied.

import {
  decodeSafetensors,
  InputError,
  type NamedTensors,
  namedTensors,
  type SafetensorsEntry,
  type Sha256,
  sha256Of,
  sha256OfText,
  slotView,
} from "@homebody/base";
import { requireParameters } from "@homebody/experiment/parameters";
import { type Group, groupLayout, type ModelConfig } from "@homebody/model";
import { type ModelFolder, readJson } from "./model-folder.ts";

export interface ModelFolderWeights {
  /** Of the groups that are wanted. */
  readonly parameters: Readonly<Partial<Record<Group, NamedTensors>>>;
  /** What the last file says of itself, but its `format`. */
  readonly metadata: Readonly<Record<string, string>>;
  /** Of model.safetensors; of several files that of what `sha256sum` prints of them, in the order of their names. */
  readonly sha256: Sha256;
}

/** Where the numbers of a tensor go. */
interface Place {
  readonly shape: readonly number[];
  readonly numbers: Float32Array;
}

/** One file at a time is in memory. Throws an InputError that names the file, the tensor and both shapes. */
export async function readModelWeights(
  folder: ModelFolder,
  config: ModelConfig,
  wanted: readonly Group[],
): Promise<ModelFolderWeights> {
  const parameters = Object.fromEntries(
    wanted.map((group) => [group, namedTensors(groupLayout(config, group))]),
  ) as Partial<Record<Group, NamedTensors>>;
  const places = placesIn(Object.values(parameters));
  const nameHere = namesOf(config, places);
  const files = await filesOf(folder);
  const hashes: string[] = [];
  let metadata: Readonly<Record<string, string>> = {};
  for (const name of files) {
    const bytes = await folder.read(name);
    hashes.push(sha256Of(bytes));
    const where = `${folder.where}, ${name}`;
    const file = decodeSafetensors(bytes, where, (one) => nameHere(one) !== undefined);
    for (const [one, tensor] of file.tensors) put(tensor, places, nameHere(one)!, where);
    const { format: _, ...rest } = file.metadata;
    metadata = rest;
  }
  const where = `${folder.where}, ${files.join(", ")}`;
  const [missing] = places;
  if (missing !== undefined)
    throw new InputError(`${where}, tensor ${missing[0]}`, shown(missing[1].shape), "nothing");
  for (const group of wanted) requireParameters(config, group, parameters[group]!, where);
  return {
    parameters,
    metadata,
    sha256: files.length === 1 ? (hashes[0] as Sha256) : ofSeveral(files, hashes),
  };
}

function placesIn(groups: readonly NamedTensors[]): Map<string, Place> {
  const all = groups.flatMap((tensors) =>
    tensors.layout.slots.map((slot): [string, Place] => [
      slot.name,
      { shape: slot.shape, numbers: slotView(tensors, slot) },
    ]),
  );
  return new Map(all);
}

/** From a name in a file to that of a tensor that is wanted. */
function namesOf(config: ModelConfig, places: ReadonlyMap<string, Place>) {
  const prefix = config.model_type === "gpt2" ? "transformer." : "model.";
  const wanted = new Set(places.keys());
  return (name: string) => [name, `${prefix}${name}`].find((one) => wanted.has(one));
}

function put(
  { shape, data }: SafetensorsEntry,
  places: Map<string, Place>,
  name: string,
  where: string,
): void {
  const place = places.get(name);
  const at = `${where}, tensor ${name}`;
  if (place === undefined) throw new InputError(at, "one", "it again");
  if (!(data instanceof Float32Array)) throw new InputError(at, "floats", "whole numbers");
  if (shown(shape) !== shown(place.shape)) throw new InputError(at, shown(place.shape), shown(shape));
  place.numbers.set(data);
  places.delete(name);
}

const shown = (shape: readonly number[]) => `[${shape.join(", ")}]`;

const oneFile = "model.safetensors";
const indexFile = "model.safetensors.index.json";

/** In the order of their names. */
async function filesOf(folder: ModelFolder): Promise<readonly string[]> {
  const { names, where } = folder;
  if (names.includes(oneFile)) return [oneFile];
  if (!names.includes(indexFile))
    throw new InputError(
      where,
      `${oneFile}, or ${indexFile} with the files that it names (transformers' save_pretrained writes them)`,
      names.find((name) => name.endsWith(".bin")) ?? "neither",
    );
  const { weight_map: map } = ((await readJson(folder, indexFile)) ?? {}) as {
    readonly weight_map?: unknown;
  };
  const files = [...new Set(Object.values(map ?? {}))].map(String).sort();
  const missing = files.find((name) => !names.includes(name));
  if (files.length === 0 || missing !== undefined)
    throw new InputError(`${where}, ${indexFile}`, "files that are in the folder", missing ?? "none");
  return files;
}

const ofSeveral = (files: readonly string[], hashes: readonly string[]) =>
  sha256OfText(files.map((name, i) => `${hashes[i]}  ${name}\n`).join(""));
