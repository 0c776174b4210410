// Tokenizers and packed texts: made once, read by whoever trains.

import { permutation, random } from "@homebody/base";
import { packDocuments, trainTokenizer } from "@homebody/text";
import { readSplit, sampled } from "../corpus.ts";
import { readTokenizer, writeText } from "../folder.ts";
import type { DealWork, TextWork, TokenizerWork } from "../work.ts";
import { type Made, nothingMade, type Performing } from "./performing.ts";

export async function makeTokenizer(work: TokenizerWork, { folder }: Performing): Promise<Made> {
  const documents: string[] = [];
  for (const at of work.folders) {
    const { train } = await readSplit(at);
    documents.push(...sampled(train, work.bytesEach, work.name));
  }
  const tokenizer = trainTokenizer(documents, { vocabulary: work.vocabulary });
  await folder.write(`tokenizers/${work.name}.json`, tokenizer.toJson());
  return nothingMade;
}

export async function makeText(work: TextWork, { folder }: Performing): Promise<Made> {
  const { name, source, size } = work;
  const tokenizer = await readTokenizer(folder, work.tokenizer);
  const split = await readSplit(work.folder);
  const pack = (documents: readonly string[], part: string) =>
    packDocuments(documents, tokenizer, { context: size.context, seed: `${source}/${part}` });
  await writeText(folder, name, {
    train: pack([...sampled(split.train, size.trainBytes, source), ...work.planted], "train"),
    heldOut: pack(sampled(split.heldOut, size.heldOutBytes, source), "held-out"),
  });
  return nothingMade;
}

export async function dealTexts(work: DealWork, { folder }: Performing): Promise<Made> {
  const { names, sources, size } = work;
  const tokenizer = await readTokenizer(folder, work.tokenizer);
  const train: string[] = [];
  const heldOut: string[] = [];
  for (const { id, folder: at } of sources) {
    const split = await readSplit(at);
    train.push(...sampled(split.train, size.trainBytes, id));
    heldOut.push(...sampled(split.heldOut, size.heldOutBytes, id));
  }
  const order = [...permutation(train.length, random("deal"))];
  for (const [i, name] of names.entries()) {
    const own = order.filter((_, place) => place % names.length === i).map((at) => train[at]!);
    const pack = (documents: readonly string[], part: string) =>
      packDocuments(documents, tokenizer, { context: size.context, seed: `${name}/${part}` });
    await writeText(folder, name, { train: pack(own, "train"), heldOut: pack(heldOut, "held-out") });
  }
  return nothingMade;
}
