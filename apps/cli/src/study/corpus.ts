// A corpus on the disk: a folder a source, with train.jsonl and valid.jsonl; where valid is missing, a tenth of train
// is held out.

import { readdir, readFile, stat } from "node:fs/promises";
import { basename, join, resolve } from "node:path";
import { InputError, permutation, random } from "@homebody/base";
import { decodeUtf8, parseDocuments, type Split, splitHeldOut, utf8Length } from "@homebody/text";

export interface CorpusSource {
  /** The folder's name, in the characters of a source's id. */
  readonly id: string;
  readonly folder: string;
  /** Of the training text, as it is on the disk. */
  readonly bytes: number;
}

const heldOutShare = 0.1;

/** The sources of a folder of folders, by name. Throws an InputError where there are none. */
export async function sourcesIn(folder: string): Promise<readonly CorpusSource[]> {
  const entries = await readdir(folder, { withFileTypes: true }).catch((error: NodeJS.ErrnoException) => {
    throw new InputError("--corpora", `a folder at ${folder}`, error.code ?? error.message);
  });
  const found: CorpusSource[] = [];
  for (const entry of entries.sort((a, b) => (a.name < b.name ? -1 : 1))) {
    const at = join(folder, entry.name);
    if (!entry.isDirectory() || (await sizeOf(at)) === undefined) continue;
    found.push(await sourceAt(at));
  }
  if (found.length === 0)
    throw new InputError("--corpora", `folders with a train.jsonl in ${folder}`, "none");
  return found;
}

/** Throws an InputError where the folder has no train.jsonl, or a name that no source may have. */
export async function sourceAt(folder: string): Promise<CorpusSource> {
  const bytes = await sizeOf(folder);
  if (bytes === undefined) throw new InputError("corpus", `a train.jsonl in ${folder}`, "none");
  const id = basename(resolve(folder)).toLowerCase();
  if (!/^[a-z0-9][a-z0-9-]{0,31}$/.test(id))
    throw new InputError(`corpus ${folder}`, "a name of 1 to 32 of a-z, 0-9 and -", id);
  return { id, folder: resolve(folder), bytes };
}

async function sizeOf(folder: string): Promise<number | undefined> {
  const found = await stat(join(folder, "train.jsonl")).catch(() => undefined);
  return found?.isFile() ? found.size : undefined;
}

export async function readSplit(folder: string): Promise<Split> {
  const read = async (name: string) => {
    const file = join(folder, name);
    return parseDocuments(file, decodeUtf8(file, new Uint8Array(await readFile(file))));
  };
  const train = await read("train.jsonl");
  const valid = await stat(join(folder, "valid.jsonl")).catch(() => undefined);
  if (valid !== undefined) return { train, heldOut: await read("valid.jsonl") };
  return splitHeldOut(train, heldOutShare, basename(folder));
}

/** Whole documents in an order by the seed, until there are so many bytes; at least one. The last is cut short. */
export function sampled(documents: readonly string[], mostBytes: number, seed: string): readonly string[] {
  const taken: string[] = [];
  let bytes = 0;
  for (const i of permutation(documents.length, random(`${seed}/sample`))) {
    const document = documents[i]!;
    const size = utf8Length(document);
    if (bytes + size <= mostBytes) taken.push(document);
    else {
      const share = (mostBytes - bytes) / size;
      const end = document.slice(0, Math.floor(document.length * share)).replace(/[\ud800-\udbff]$/, "");
      if (/\S/.test(end)) taken.push(end);
      break;
    }
    bytes += size;
  }
  return taken;
}
