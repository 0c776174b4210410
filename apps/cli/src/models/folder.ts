// Model folders: config.json, model.safetensors and tokenizer.json, as Hugging Face has them.

import { existsSync } from "node:fs";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { InputError } from "@homebody/base";
import { decodeModel, encodeModel, type Model, type ModelFile, modelFiles } from "@homebody/experiment";

export const isModelFolder = (path: string) => existsSync(join(path, "config.json"));

export async function readModelFolder(folder: string): Promise<Model> {
  const files: Partial<Record<ModelFile, Uint8Array>> = {};
  for (const name of modelFiles) files[name] = await readBytes(folder, join(folder, name));
  return decodeModel(files as Record<ModelFile, Uint8Array>, folder);
}

/** The folder is made if it is not there; files of these names are replaced. */
export async function writeModelFolder(folder: string, model: Model): Promise<void> {
  await mkdir(folder, { recursive: true });
  for (const [name, bytes] of Object.entries(encodeModel(model))) await writeFile(join(folder, name), bytes);
}

/** Throws an InputError of `where`, if the file cannot be read. */
export async function readBytes(where: string, path: string): Promise<Uint8Array> {
  try {
    return new Uint8Array(await readFile(path));
  } catch (error) {
    throw new InputError(
      where,
      `a readable file at ${path}`,
      (error as NodeJS.ErrnoException).code ?? "none",
    );
  }
}
