// A folder with a model's files, wherever it is.

import { InputError } from "@homebody/base";
import { decodeUtf8 } from "@homebody/text";

export interface ModelFolder {
  /** What it is called in errors. */
  readonly where: string;
  /** Of the files in it. */
  readonly names: readonly string[];
  read(name: string): Promise<Uint8Array>;
}

/** Throws an InputError that names the file. */
export async function readJson(folder: ModelFolder, name: string): Promise<unknown> {
  const where = `${folder.where}, ${name}`;
  const text = decodeUtf8(where, await folder.read(name));
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new InputError(where, "JSON", (error as Error).message);
  }
}
