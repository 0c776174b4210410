// What models are measured on: texts with a held-out part, and what words and tokens are counted in.

import { statSync } from "node:fs";
import { readdir } from "node:fs/promises";
import { basename, join } from "node:path";
import { InputError } from "@homebody/base";
import type { PreparedText, Shard, Split, Tokenizer } from "@homebody/text";
import { readDocuments, splitText } from "../models/texts.ts";
import { seedText } from "../options.ts";

export interface Corpus {
  readonly name: string;
  /** A BCP 47 tag, as far as it is one. */
  readonly language: string;
  readonly documents: Split;
  /** Where a model's own text has been prepared: that, as it trained on it. */
  readonly prepared?: PreparedText;
}

/** By options of the command line; the seed says what is held out where the files do not. */
export interface GivenTexts {
  readonly corpora: string | undefined;
  readonly text: readonly string[] | undefined;
  readonly language: string | undefined;
  readonly seed: string;
}

/** Of a command line's values; throws an InputError that names the option. */
export function givenTexts(
  values: Partial<Pick<GivenTexts, "corpora" | "text" | "language">> & { readonly seed: string },
): GivenTexts {
  const { corpora, text, language, seed } = values;
  if (language !== undefined && text === undefined)
    throw new InputError("--language", "--text, whose language it is", "none");
  return { corpora, text, language, seed: seedText("--seed", seed) };
}

export async function givenCorpora({
  corpora,
  text,
  language,
  seed,
}: GivenTexts): Promise<readonly Corpus[]> {
  const given = corpora === undefined ? [] : await corporaIn(corpora, seed);
  return text === undefined ? given : [...given, await corpusOf(text, language, seed)];
}

/**
 * A corpus for each folder in DIR, which is named by its language. Files that are called valid or held-out are held out; where
 * there are none, a tenth is, by the seed.
 */
async function corporaIn(dir: string, seed: string): Promise<Corpus[]> {
  const entries = await readdir(dir).catch((error: NodeJS.ErrnoException) => {
    throw new InputError("--corpora", `a folder of folders at ${dir}`, error.code ?? error.message);
  });
  const names = entries.filter((name) => statSync(join(dir, name)).isDirectory()); // also through a link
  if (names.length === 0) throw new InputError("--corpora", `folders named by language in ${dir}`, "none");
  const corpora: Corpus[] = [];
  for (const name of names.sort()) {
    const files = (await readdir(join(dir, name))).sort();
    const isHeld = (file: string) => /^(valid|held-?out)\b/i.test(file);
    const paths = (wanted: boolean) =>
      files.filter((file) => isHeld(file) === wanted && isText(file)).map((file) => join(dir, name, file));
    const held = paths(true);
    const heldOut = held.length === 0 ? undefined : await readDocuments("--corpora", held);
    const train = await readDocuments("--corpora", paths(false));
    corpora.push({ name, language: name, documents: splitText(train, heldOut, seed) });
  }
  return corpora;
}

const isText = (file: string) => /\.(txt|md|jsonl)$/i.test(file);

/** One corpus of all files and folders. */
async function corpusOf(
  paths: readonly string[],
  language: string | undefined,
  seed: string,
): Promise<Corpus> {
  const name = paths.map((path) => basename(path)).join(" + ");
  const documents = splitText(await readDocuments("--text", paths), undefined, seed);
  return { name, language: language ?? "und", documents };
}

/** A model's own text again, from its tokens. */
export function ownCorpus(name: string, language: string, text: PreparedText): Corpus {
  const { tokenizer, train, heldOut } = text;
  const documents = { train: documentsOf(train, tokenizer), heldOut: documentsOf(heldOut, tokenizer) };
  return { name, language, documents, prepared: text };
}

function documentsOf({ stream }: Shard, tokenizer: Tokenizer): string[] {
  const documents: string[] = [];
  let start = 1;
  for (let at = 1; at < stream.length; at++) {
    if (stream[at] !== tokenizer.endOfDocument) continue;
    documents.push(tokenizer.decode(stream.subarray(start, at)));
    start = at + 1;
  }
  return documents;
}
