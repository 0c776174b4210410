// Model folders: config.json, model.safetensors and tokenizer.json, as Hugging Face has them, and what else a format has.

import { constants, existsSync } from "node:fs";
import { access, mkdir, readdir, readFile, rename, rm, rmdir, writeFile } from "node:fs/promises";
import { dirname, join, resolve } from "node:path";
import { InputError } from "@homebody/base";
import { type Model, type ModelFiles, readModel } from "@homebody/export";
import { modelFolder } from "@homebody/server";

export const isModelFolder = (path: string) => existsSync(join(path, "config.json"));

export async function readModelFolder(folder: string): Promise<Model> {
  return await readModel(await modelFolder(folder));
}

/** Throws unless the folder is new or empty, and can be made: asked before the work whose result goes there. */
export async function requireRoom(option: string, folder: string): Promise<void> {
  await access(nearestThatIs(dirname(resolve(folder))), constants.W_OK);
  const names = await readdir(folder).catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT") return [];
    throw error;
  });
  if (names.length === 0) return;
  throw new InputError(
    option,
    "a folder that is empty or not there yet (name another one, or move away what is in it)",
    `${folder} with ${names.slice(0, 3).join(", ")}${names.length > 3 ? ", ..." : ""}`,
  );
}

/** A folder is made with those on the way to it. */
function nearestThatIs(folder: string): string {
  return existsSync(folder) || dirname(folder) === folder ? folder : nearestThatIs(dirname(folder));
}

/** All of the files in a folder that is new or empty, or nothing of them [X11]. */
export async function writeModelFolder(folder: string, files: ModelFiles): Promise<void> {
  const to = resolve(folder);
  await requireRoom("--to", to);
  const stage = `${to}.writing`;
  await rm(stage, { recursive: true, force: true }); // of an export that was cut off
  try {
    for (const [name, bytes] of files) {
      await mkdir(dirname(join(stage, name)), { recursive: true });
      await writeFile(join(stage, name), bytes);
    }
    await rmdir(to).catch((error: NodeJS.ErrnoException) => {
      if (error.code !== "ENOENT") throw error;
    });
    await rename(stage, to);
  } catch (error) {
    await rm(stage, { recursive: true, force: true });
    throw error;
  }
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
