// The tokenizers that a host serves: given as files, or trained when the run is created, on the served texts. Then also
// which rows of a vocabulary for all sources a served text needs.

import { readFile } from "node:fs/promises";
import { resolve } from "node:path";
import { InputError, type Sha256 } from "@homebody/base";
import { bitsOf, leavesOutRows, rowMapOf, splitOf, vocabularySample } from "@homebody/dept";
import {
  manifestOf,
  type RunFile,
  type RunManifest,
  type ServedText,
  type ServedTokenizer,
  type Tokenizers,
} from "@homebody/protocol";
import { existing } from "@homebody/service";
import type { Blobs } from "@homebody/store/ports";
import { decodeUtf8, packDocuments, type Tokenizer, tokenizerFromJson, trainTokenizer } from "@homebody/text";
import type { RunStart } from "./start.ts";
import { type PlaceOf, placeInFile, servedDocuments, servedTexts } from "./texts.ts";

type Put = (bytes: Uint8Array) => Promise<Sha256>;

/** The manifest by a run file, with what the host serves durable in the blobs. `known`: tokenizers that are there. */
export async function manifestServed(
  file: RunFile,
  folder: string,
  blobs: Blobs,
  { known, place, start = null }: Known = {},
): Promise<RunManifest> {
  const texts = await servedTexts(file, folder, blobs.put, place);
  const given = known ?? (await givenTokenizers(file, folder, blobs.put, { place, start }));
  const tokenizers = await servedTokenizers(file, given, texts, blobs);
  const manifest = manifestOf(file, texts, tokenizers, start?.start);
  return manifestOf(file, await withRows(manifest, texts, blobs), tokenizers, start?.start);
}

interface Known {
  readonly known?: Tokenizers | undefined;
  readonly place?: PlaceOf | undefined;
  /** The model that the run starts from. */
  readonly start?: Pick<RunStart, "start" | "words"> | null;
}

/** Those that the run file names, by source, and that of the model that the run starts from, where it is the run's. */
export async function givenTokenizers(
  file: RunFile,
  folder: string,
  put: Put,
  { place = placeInFile, start = null }: Omit<Known, "known"> = {},
): Promise<Tokenizers> {
  const given = new Map<string, ServedTokenizer & { readonly vocabulary: number }>();
  const read = async (path: string, where: string) => {
    const full = resolve(folder, path);
    const bytes = await readFile(full).catch((error: NodeJS.ErrnoException) => {
      throw new InputError(where, `a readable tokenizer.json at ${full}`, error.code ?? error.message);
    });
    const said = `${where}, ${path}`;
    const { vocabularySize } = tokenizerFromJson(decodeUtf8(said, bytes), said);
    return { sha256: await put(bytes), sizeBytes: bytes.length, vocabulary: vocabularySize };
  };
  const { file: ofRun } = file.vocabulary;
  const ofStart = async ({ tokenizer, vocabulary }: NonNullable<RunStart["words"]>) => ({
    sha256: await put(tokenizer),
    sizeBytes: tokenizer.length,
    vocabulary,
  });
  const all =
    ofRun !== undefined
      ? await read(ofRun, "vocabulary.file")
      : start?.words
        ? await ofStart(start.words)
        : undefined;
  for (const [i, { id, tokenizer }] of file.sources.entries()) {
    const own = tokenizer === undefined ? all : await read(tokenizer, place(i, "tokenizer"));
    if (own !== undefined) given.set(id, own);
  }
  return given;
}

/** All that the run's devices take from the host: those given, and those that are trained on texts which are in the blobs. */
async function servedTokenizers(
  file: RunFile,
  given: Tokenizers,
  texts: ReadonlyMap<string, ServedText>,
  blobs: Blobs,
): Promise<Tokenizers> {
  const { kind, size, sampleBytes } = file.vocabulary;
  const served = new Map(given);
  const keep = async (tokenizer: Tokenizer): Promise<ServedTokenizer> => {
    const bytes = new TextEncoder().encode(tokenizer.toJson());
    return { sha256: await blobs.put(bytes), sizeBytes: bytes.length };
  };
  if (kind === "source")
    for (const { id, vocabulary = size } of file.sources) {
      const text = texts.get(id);
      if (served.has(id) || text === undefined) continue;
      const { train } = await documentsOf(file, id, text, blobs);
      served.set(id, await keep(trainTokenizer(train, { vocabulary })));
    }
  if (kind === "global" && file.sources.some(({ id }) => !served.has(id))) {
    const training = new Map<string, readonly string[]>();
    for (const [id, text] of texts) training.set(id, (await documentsOf(file, id, text, blobs)).train);
    const sample = vocabularySample(training, sampleBytes, file.training.seed);
    const all = await keep(trainTokenizer(sample, { vocabulary: size }));
    for (const { id } of file.sources) served.set(id, all);
  }
  return served;
}

/** The served texts with their row maps, where devices leave out the rows that their text does not need. */
async function withRows(
  manifest: RunManifest,
  texts: ReadonlyMap<string, ServedText>,
  blobs: Blobs,
): Promise<ReadonlyMap<string, ServedText>> {
  if (!leavesOutRows(manifest)) return texts;
  const all = new Map(texts);
  for (const { id, vocabulary, tokenizer } of manifest.sources) {
    const text = texts.get(id);
    if (text === undefined || tokenizer === null) continue;
    const json = decodeUtf8("tokenizer.json", await existing(tokenizer.sha256, blobs));
    const { train, heldOut } = await documentsOf(manifest, id, text, blobs);
    const { stream } = packDocuments([...train, ...heldOut], tokenizerFromJson(json), {
      context: manifest.model.context,
      seed: "",
    });
    const map = rowMapOf(vocabulary, stream);
    const sha256 = await blobs.put(bitsOf(map));
    all.set(id, { ...text, rows: { sha256, held: map.ids.length } });
  }
  return all;
}

async function documentsOf(
  run: Parameters<typeof splitOf>[0],
  source: string,
  { train, heldOut }: ServedText,
  blobs: Blobs,
) {
  const read = (hash: Sha256) => servedDocuments(source, hash, blobs);
  const documents = await read(train);
  return heldOut === null
    ? splitOf(run, source, documents)
    : { train: documents, heldOut: await read(heldOut) };
}
