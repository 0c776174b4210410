// Trained models by what a person writes for them: a model folder; or a run, as a coordinator's data folder or address, with
// `#source` behind it for one source's alone.

import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { InputError } from "@homebody/base";
import { looksLikeAddress } from "../address.ts";
import { isModelFolder, readModelFolder } from "./folder.ts";
import { modelsOfRun, type TrainedModel } from "./of-run.ts";
import { findRun, isDataFolder, namesRun } from "./run.ts";

/** A run and a source of it: `DATA`, `DATA#es`, `http://host:3000#es`; undefined where it is no run. */
function runIn(written: string): { readonly path: string; readonly source: string | undefined } | undefined {
  if (isDataFolder(written)) return { path: written, source: undefined };
  const at = written.lastIndexOf("#");
  const path = at < 0 ? written : written.slice(0, at);
  if (!namesRun(path)) return undefined;
  return { path, source: at < 0 ? undefined : written.slice(at + 1) };
}

export const isRun = (written: string) => runIn(written) !== undefined;

/** Throws an InputError where there is no model. */
export async function findModels(written: string): Promise<readonly TrainedModel[]> {
  if (isModelFolder(written)) {
    const model = await readModelFolder(written);
    return [
      { ...model, name: written, source: null, device: null, own: [], sources: undefined, whole: null },
    ];
  }
  const place = runIn(written);
  if (place === undefined)
    throw new InputError(
      "model",
      "a model folder, or a coordinator's data folder or URL",
      `neither: ${written}`,
    );
  const { path, source } = place;
  const run = await findRun(path);
  const { sources } = run.manifest;
  if (source !== undefined && sources.every(({ id }) => id !== source))
    throw new InputError("model", `one of the sources ${sources.map(({ id }) => id).join(", ")}`, source);
  const models = await modelsOfRun(path, run, await volunteersBeside(path), source);
  if (models.length > 0) return numbered(models);
  const expected = looksLikeAddress(path)
    ? "a run whose words are in its body; else the data folder, with its volunteers' words beside it"
    : `volunteers' words in ${volunteersIn(path)}, as npm start leaves them`;
  throw new InputError("model", expected, "none");
}

/** Folders of the volunteers that `npm start` has beside a run in a data folder; of one at an address none are at hand. */
export const volunteersBeside = async (where: string): Promise<readonly string[]> =>
  looksLikeAddress(where) ? [] : await foldersIn(volunteersIn(where));

export const volunteersIn = (dataDir: string) => join(dataDir, "volunteers");

/** None where there is no such folder. */
export async function foldersIn(folder: string): Promise<readonly string[]> {
  const entries = await readdir(folder, { withFileTypes: true }).catch(() => []);
  const names = entries.filter((one) => one.isDirectory()).map(({ name }) => name);
  return names.sort((a, b) => Number(a) - Number(b)).map((name) => join(folder, name));
}

/** Volunteers of one source have names of their own. */
function numbered(models: readonly TrainedModel[]): TrainedModel[] {
  return models.map((model, i) => {
    const before = models.slice(0, i).filter(({ name }) => name === model.name).length;
    return before === 0 ? model : { ...model, name: `${model.name} (${before + 1})` };
  });
}
