// A volunteer's text: from documents to a tokenizer and two shards, once; afterwards from the disk [V3].
//
// Long work is done in steps of some milliseconds, so that whoever runs it can report, breathe and give up.

import { InputError, type Sha256, sha256Of } from "@homebody/base";
import type { ManifestSource, RunManifest } from "@homebody/protocol";
import {
  decodeShard,
  decodeUtf8,
  encodeShard,
  packing,
  parseDocuments,
  type Shard,
  shardBytes,
  splitHeldOut,
  type Tokenizer,
  tokenizerFromJson,
  tokenizerTraining,
} from "@homebody/text";
import { decodeParts, encodeParts } from "./parts-file.ts";
import type { Clock, Disk, Net } from "./ports.ts";
import type { Task } from "./view.ts";

export interface Text {
  readonly tokenizer: Tokenizer;
  readonly train: Shard;
  readonly heldOut: Shard;
  /** UTF-8, of the training text. */
  readonly textBytes: number;
}

/** A file that the volunteer brought; it is read once, and stays on this device. */
export interface BroughtFile {
  readonly name: string;
  bytes(): Promise<Uint8Array>;
}

export interface PrepareParts {
  readonly net: Net;
  readonly disk: Disk;
  readonly clock: Clock;
  readonly told: (task: Omit<Task, "startedAt">) => void;
  readonly signal: AbortSignal;
}

interface TextMeta {
  readonly source: string;
}

const fileName = "text";
const breathMs = 16;

/** Throws an AbortError when the signal aborts; nothing half-made is kept. */
export async function prepareText(
  manifest: RunManifest,
  source: ManifestSource,
  files: readonly BroughtFile[] | null,
  parts: PrepareParts,
): Promise<Text> {
  const kept = await loadText(source, parts.disk);
  if (kept !== undefined && files === null) return kept;
  const documents = await readDocuments(manifest, source, files, parts);
  const tokenizer = await breathing(
    tokenizerTraining(documents.train, { vocabulary: source.vocabulary }),
    ({ phase, done, of }) => {
      if (phase === "merging") parts.told({ kind: "train-vocabulary", done, of, unit: "merges" });
      else parts.told({ kind: "read-text", done, of, unit: "documents" });
    },
    parts,
  );
  const { context } = manifest.model;
  const pack = (texts: readonly string[], share: string) =>
    breathing(
      packing(texts, tokenizer, { context, seed: `${manifest.training.seed}/${source.id}/${share}` }),
      ({ done, of }) => parts.told({ kind: "pack-text", done, of, unit: "documents" }),
      parts,
    );
  const train = await pack(documents.train, "train");
  const heldOut = await pack(documents.heldOut, "held-out");
  const file = encodeParts<TextMeta>({
    meta: { source: source.id },
    parts: [new TextEncoder().encode(tokenizer.toJson()), encodeShard(train), encodeShard(heldOut)],
  });
  parts.signal.throwIfAborted();
  await parts.disk.write(fileName, file);
  return { tokenizer, train, heldOut, textBytes: shardBytes(train) };
}

/** What is on the disk of this run and source. */
export async function loadText(source: ManifestSource, disk: Disk): Promise<Text | undefined> {
  const bytes = await disk.read(fileName);
  if (bytes === undefined) return undefined;
  const { meta, parts } = decodeParts<TextMeta>(bytes, fileName);
  const [json, train, heldOut] = parts;
  if (meta.source !== source.id || json === undefined || train === undefined || heldOut === undefined)
    return undefined;
  const tokenizer = tokenizerFromJson(new TextDecoder().decode(json), "tokenizer");
  const shard = decodeShard(train, tokenizer.vocabularySize, "training shard");
  return {
    tokenizer,
    train: shard,
    heldOut: decodeShard(heldOut, tokenizer.vocabularySize, "held-out shard"),
    textBytes: shardBytes(shard),
  };
}

interface Documents {
  readonly train: readonly string[];
  readonly heldOut: readonly string[];
}

async function readDocuments(
  manifest: RunManifest,
  source: ManifestSource,
  files: readonly BroughtFile[] | null,
  { net, told, signal }: PrepareParts,
): Promise<Documents> {
  const split = (documents: readonly string[]) =>
    splitHeldOut(documents, manifest.heldOut.share, `${manifest.training.seed}/${source.id}/split`);
  const { served } = source;
  if (served === null) {
    if (files === null || files.length === 0)
      throw new InputError(`source ${source.id}`, "files of yours: its text is brought", "none");
    const documents: string[] = [];
    for (const [i, file] of files.entries()) {
      told({ kind: "read-text", done: i, of: files.length, unit: "documents" });
      documents.push(...parseDocuments(file.name, decodeUtf8(file.name, await file.bytes())));
      signal.throwIfAborted();
    }
    return split(documents);
  }
  const fetchText = async (hash: Sha256, sizeBytes: number) => {
    const tell = (done: number) => told({ kind: "download-text", done, of: sizeBytes, unit: "bytes" });
    const bytes = await net.download(`/texts/${hash}`, sizeBytes, tell, signal);
    const got = sha256Of(bytes);
    if (got !== hash) throw new InputError(`text of ${source.id}`, `hash ${hash}`, got);
    return parseDocuments(`${source.id}.jsonl`, decodeUtf8(`${source.id}.jsonl`, bytes));
  };
  const train = await fetchText(served.train, served.trainBytes);
  if (served.heldOut === null) return split(train);
  return { train, heldOut: await fetchText(served.heldOut, served.heldOutBytes) };
}

/** Runs a generator to its end, giving way every 16 ms. */
async function breathing<P, T>(
  work: Generator<P, T>,
  told: (progress: P) => void,
  { clock, signal }: Pick<PrepareParts, "clock" | "signal">,
): Promise<T> {
  let breathedAt = clock.elapsed();
  for (;;) {
    const step = work.next();
    if (step.done) return step.value;
    if (clock.elapsed() - breathedAt < breathMs) continue;
    told(step.value);
    await clock.sleep(0, signal);
    signal.throwIfAborted();
    breathedAt = clock.elapsed();
  }
}
