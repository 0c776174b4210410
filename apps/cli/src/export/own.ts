// A volunteer's own model, of what homebody volunteer keeps in its folder: no coordinator is asked [V45].

import { basename } from "node:path";
import { InputError } from "@homebody/base";
import { type Format, type Model, modelOfDevice } from "@homebody/export";
import { type OwnModel, ownModelIn, storedRunIn, storedSourceIn } from "@homebody/volunteer/node";
import { foldersIn } from "../models/trained.ts";

export interface Own {
  readonly model: Model;
  readonly card: string;
  readonly body: OwnModel["body"];
  /** A line that says what was chosen. */
  readonly said: readonly string[];
}

/** Of the folders under a volunteer's those with something of a run, or the one that is meant itself. */
export async function volunteerFolders(where: string): Promise<readonly string[]> {
  if (storedRunIn(where)) return [where];
  return (await foldersIn(where)).filter(storedRunIn).sort();
}

/** Throws an InputError where several could be meant, or the one that is meant has no model yet. */
export async function ownOf(
  folders: readonly string[],
  source: string | undefined,
  format: Format,
): Promise<Own> {
  const sources = await Promise.all(folders.map(storedSourceIn));
  const fitting = folders.filter((_, i) => source === undefined || sources[i] === source);
  const [folder, another] = fitting;
  const names = folders.map((one) => basename(one)).join(", ");
  if (folder === undefined)
    throw new InputError("--source", `one of which there is something: ${names}`, source!);
  if (another !== undefined)
    throw new InputError("export", `one run and source, by its own folder: ${names}`, "several");
  const own = await ownModelIn(folder);
  if (own === undefined)
    throw new InputError(folder, "a body, and words that were trained", "a volunteer that has none yet");
  const { wordsOfRound, bitsPerByte } = own;
  const words = wordsOfRound === null ? "those of the body" : `this volunteer's, of round ${wordsOfRound}`;
  const measured = bitsPerByte === null ? "" : `, ${bitsPerByte.toFixed(3)} bits per byte on held-out text`;
  return { ...modelOfDevice(own, format), body: own.body, said: [`Words: ${words}${measured}.`] };
}
