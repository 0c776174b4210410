// The folder of a study, or of several that use the same bodies: what was made of each job, and files that jobs make for
// one another. A file appears whole or not at all, so what is there after a kill is right.
//
//   study.json           what the results were made with; another call with other settings is refused
//   log.jsonl            what happened, a line each, only ever added to
//   jobs/ID.json         a job's result
//   written/NAME.json    texts that a mixture wrote
//   tokenizers/NAME.json, texts/NAME.train, texts/NAME.held-out (shards), bodies/ID.safetensors

import { appendFile, mkdir, readFile, rename, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import {
  decodeSafetensors,
  encodeSafetensors,
  float32Tensors,
  InputError,
  type NamedTensors,
} from "@homebody/base";
import type { Written } from "@homebody/mixture";
import {
  decodeShard,
  encodeShard,
  type PreparedText,
  type Tokenizer,
  tokenizerFromJson,
} from "@homebody/text";
import type { JobResult } from "./job.ts";
import type { Results } from "./runner.ts";

export interface Folder {
  readonly path: string;
  read(name: string): Promise<Uint8Array | undefined>;
  /** Throws an InputError where there is none. */
  need(name: string): Promise<Uint8Array>;
  write(name: string, bytes: Uint8Array | string): Promise<void>;
}

export function folderAt(path: string): Folder {
  const read = async (name: string) => {
    try {
      return new Uint8Array(await readFile(join(path, name)));
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
      throw error;
    }
  };
  return {
    path,
    read,
    need: async (name) => {
      const bytes = await read(name);
      if (bytes === undefined) throw new InputError(join(path, name), "a file of the study", "none");
      return bytes;
    },
    write: async (name, bytes) => {
      const to = join(path, name);
      await mkdir(dirname(to), { recursive: true });
      await writeFile(`${to}.${process.pid}.part`, bytes);
      await rename(`${to}.${process.pid}.part`, to);
    },
  };
}

export function resultsIn(folder: Folder): Results {
  const nameOf = (id: string) => `jobs/${id}.json`;
  return {
    read: async (id) => {
      const bytes = await folder.read(nameOf(id));
      return bytes && (JSON.parse(new TextDecoder().decode(bytes)) as JobResult);
    },
    write: (result) => folder.write(nameOf(result.id), `${JSON.stringify(result)}\n`),
    log: async (event) => {
      const line = JSON.stringify({ at: new Date().toISOString(), ...event });
      await appendFile(join(folder.path, "log.jsonl"), `${line}\n`);
    },
  };
}

export async function readTokenizer(folder: Folder, name: string): Promise<Tokenizer> {
  const file = `tokenizers/${name}.json`;
  return tokenizerFromJson(new TextDecoder().decode(await folder.need(file)), file);
}

export async function writeText(
  folder: Folder,
  name: string,
  text: Omit<PreparedText, "tokenizer">,
): Promise<void> {
  await folder.write(`texts/${name}.held-out`, encodeShard(text.heldOut));
  await folder.write(`texts/${name}.train`, encodeShard(text.train));
}

/** `name` is `TOKENIZER/SOURCE`. */
export async function readText(folder: Folder, name: string, tokenizer: Tokenizer): Promise<PreparedText> {
  const shard = async (part: string) => {
    const file = `texts/${name}.${part}`;
    return decodeShard(await folder.need(file), tokenizer.vocabularySize, file);
  };
  return { tokenizer, train: await shard("train"), heldOut: await shard("held-out") };
}

export async function writeTensors(folder: Folder, name: string, tensors: NamedTensors): Promise<void> {
  await folder.write(name, encodeSafetensors(tensors, { format: "pt" }));
}

export async function readTensors(folder: Folder, name: string): Promise<NamedTensors> {
  return float32Tensors(decodeSafetensors(await folder.need(name), name));
}

const writtenFile = (name: string) => `written/${name}.json`;

export async function writeWritten(folder: Folder, name: string, texts: readonly Written[]): Promise<void> {
  await folder.write(writtenFile(name), `${JSON.stringify(texts)}\n`);
}

export async function readWritten(folder: Folder, name: string): Promise<readonly Written[]> {
  const bytes = await folder.need(writtenFile(name));
  return JSON.parse(new TextDecoder().decode(bytes)) as readonly Written[];
}
