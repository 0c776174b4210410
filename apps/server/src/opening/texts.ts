// The texts that a host serves: a file or a folder of .txt, .md and .jsonl becomes one blob of JSON lines,
// `{"text": ...}` each, named by its hash. The order is that of the paths, so that two hosts with the same files
// have the same blob, and therefore the same run.

import type { Dirent } from "node:fs";
import { readdir, readFile, stat } from "node:fs/promises";
import { extname, join, relative, resolve, sep } from "node:path";
import { InputError, type Sha256 } from "@homebody/base";
import type { RunFile, ServedText } from "@homebody/protocol";
import { existing } from "@homebody/service";
import type { Blobs } from "@homebody/store/ports";
import { decodeUtf8, parseDocuments } from "@homebody/text";

const known = new Set([".txt", ".md", ".jsonl"]);

/** What a key of the source at this place of a file is called in errors. */
export type PlaceOf = (i: number, key: string) => string;
export const placeInFile: PlaceOf = (i, key) => `sources.${i}.${key}`;

/** Reads the texts of every served source, one at a time, and says under which hashes `put` keeps them. */
export async function servedTexts(
  file: RunFile,
  folder: string,
  put: (bytes: Uint8Array) => Promise<Sha256>,
  place: PlaceOf = placeInFile,
): Promise<ReadonlyMap<string, ServedText>> {
  const served = new Map<string, ServedText>();
  for (const [i, source] of file.sources.entries()) {
    if (source.text !== "served") continue;
    const read = (path: string, key: string) => readText(resolve(folder, path), place(i, key));
    const train = await read(source.train!, "train");
    const heldOut = source.heldOut === undefined ? null : await read(source.heldOut, "heldOut");
    served.set(source.id, {
      train: await put(train),
      trainBytes: train.length,
      heldOut: heldOut && (await put(heldOut)),
      heldOutBytes: heldOut?.length ?? 0,
    });
  }
  return served;
}

/** The documents of a blob that is a text of this source. */
export async function servedDocuments(
  source: string,
  hash: Sha256,
  blobs: Pick<Blobs, "get">,
): Promise<readonly string[]> {
  const name = `${source}.jsonl`;
  return parseDocuments(name, decodeUtf8(name, await existing(hash, blobs)));
}

/** The documents under a path as JSON lines. */
export async function readText(path: string, where: string): Promise<Uint8Array> {
  const files = await filesUnder(path, where);
  const lines: string[] = [];
  for (const file of files) {
    const text = decodeUtf8(file, await readFile(file));
    for (const document of parseDocuments(file, text)) lines.push(`${JSON.stringify({ text: document })}\n`);
  }
  if (lines.length === 0)
    throw new InputError(where, `text in .txt, .md or .jsonl files at ${path}`, "no document");
  return new TextEncoder().encode(lines.join(""));
}

async function filesUnder(path: string, where: string): Promise<string[]> {
  const info = await stat(path).catch((error: NodeJS.ErrnoException) => {
    throw new InputError(where, `a file or folder at ${path}`, error.code ?? error.message);
  });
  if (info.isFile()) {
    if (known.has(extname(path))) return [path];
    throw new InputError(where, "a .txt, .md or .jsonl file", path);
  }
  const entries: Dirent[] = await readdir(path, { withFileTypes: true, recursive: true });
  return entries
    .filter((entry) => entry.isFile() && known.has(extname(entry.name)))
    .map((entry) => join(entry.parentPath, entry.name))
    .sort((a, b) => order(relative(path, a), relative(path, b)));
}

function order(a: string, b: string): number {
  const [x, y] = [a.split(sep).join("/"), b.split(sep).join("/")];
  return x < y ? -1 : x > y ? 1 : 0;
}
