// A model folder on this machine's disk.

import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { InputError } from "@homebody/base";
import type { ModelFolder } from "@homebody/export";

/** Throws an InputError of `where`, also later, where it cannot be read. */
export async function modelFolder(path: string, where = path): Promise<ModelFolder> {
  const failed = (expected: string) => (error: NodeJS.ErrnoException) => {
    throw new InputError(where, expected, error.code ?? error.message);
  };
  const names = await readdir(path).catch(failed(`a model folder at ${path}`));
  return {
    where,
    names,
    read: async (name) => {
      const file = join(path, name);
      return new Uint8Array(await readFile(file).catch(failed(`a readable file at ${file}`)));
    },
  };
}
