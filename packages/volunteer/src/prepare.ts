// A volunteer's text: from documents to a tokenizer and two shards, once; afterwards from the disk [V3].

import { InputError, type Sha256 } from "@homebody/base";
import { bitsOf, leavesOutRows, splitOf } from "@homebody/dept";
import type { ManifestSource, RunManifest } from "@homebody/protocol";
import {
  decodeUtf8,
  parseDocuments,
  preparing,
  type Split,
  shardBytes,
  type Tokenizer,
  tokenizerFromJson,
  utf8Length,
} from "@homebody/text";
import { breathing } from "./breathing.ts";
import { fetchChecked } from "./fetch-checked.ts";
import type { Clock, Disk, Net } from "./ports.ts";
import { rowsOfText } from "./rows.ts";
import { forgetState } from "./stored-state.ts";
import { encodeText, loadText, type Text, textName } from "./text-file.ts";
import type { Task } from "./view.ts";

/** A file that the volunteer brought; it is read once, and stays on this device. */
export interface BroughtFile {
  readonly name: string;
  bytes(): Promise<Uint8Array>;
}

export interface PrepareInputs {
  readonly net: Pick<Net, "download">;
  readonly disk: Disk;
  readonly clock: Clock;
  readonly report: (task: Omit<Task, "startedAt">) => void;
  readonly signal: AbortSignal;
}

const shown = {
  reading: { kind: "read-text", unit: "characters" },
  indexing: { kind: "train-vocabulary", unit: "words" },
  merging: { kind: "train-vocabulary", unit: "merges" },
  packing: { kind: "pack-text", unit: "characters" },
} as const;

type Fetching = Pick<PrepareInputs, "net" | "report" | "signal">;

/** Throws an AbortError when the signal aborts; nothing half-made is kept. */
export async function prepareText(
  manifest: RunManifest,
  source: ManifestSource,
  files: readonly BroughtFile[] | null,
  inputs: PrepareInputs,
): Promise<Text> {
  const kept = await loadText(source, inputs.disk);
  if (kept !== undefined && files === null) return kept;
  const documents = await readDocuments(manifest, source, files, inputs);
  const { tokenizer, train, heldOut } = await breathing(
    preparing(documents, {
      vocabulary: (await servedTokenizer(source, inputs)) ?? source.vocabulary,
      context: manifest.model.context,
      seed: `${manifest.training.seed}/${source.id}`,
    }),
    ({ phase, done, of }) => inputs.report({ ...shown[phase], done, of }),
    inputs,
  );
  const text = { tokenizer, train, heldOut, textBytes: shardBytes(train) };
  const file = encodeText(source.id, text);
  inputs.signal.throwIfAborted();
  if (kept !== undefined && !haveSameWords(manifest, source, kept, text)) await forgetState(inputs.disk);
  await inputs.disk.write(textName, file);
  return text;
}

/** Whether embeddings of one text are those of the other: of the same tokens, and of the same rows where some are left out. */
function haveSameWords(manifest: RunManifest, { vocabulary }: ManifestSource, a: Text, b: Text): boolean {
  const [ofA, ofB] = [a, b].map((text) =>
    leavesOutRows(manifest) ? `${bitsOf(rowsOfText(vocabulary, text))}` : "",
  );
  return ofA === ofB && a.tokenizer.toJson() === b.tokenizer.toJson();
}

/** The one that the host serves; undefined where the device trains its own. */
export async function servedTokenizer(
  { id, tokenizer }: ManifestSource,
  inputs: Fetching,
): Promise<Tokenizer | undefined> {
  if (tokenizer === null) return undefined;
  const where = `tokenizer of ${id}`;
  const bytes = await fetchServed(`/tokenizers/${tokenizer.sha256}`, tokenizer, where, inputs);
  return tokenizerFromJson(decodeUtf8("tokenizer.json", bytes), where);
}

async function fetchServed(
  path: string,
  file: { readonly sha256: Sha256; readonly sizeBytes: number },
  where: string,
  { net, report, signal }: Fetching,
): Promise<Uint8Array> {
  const tell = (done: number) => report({ kind: "download-text", done, of: file.sizeBytes, unit: "bytes" });
  return await fetchChecked(net, path, file, where, tell, signal);
}

/** Throws an InputError where so little of a text is held out that it says nothing of a body. */
function requireHeldOut({ heldOut: { leastBytes } }: RunManifest, split: Split): Split {
  const bytes = split.heldOut.reduce((sum, document) => sum + utf8Length(document), 0);
  if (bytes >= leastBytes) return split;
  const expected = `at least ${leastBytes} bytes that are held out of training; bring a longer text`;
  throw new InputError("text", expected, `${bytes}`);
}

async function readDocuments(
  manifest: RunManifest,
  source: ManifestSource,
  files: readonly BroughtFile[] | null,
  inputs: PrepareInputs,
): Promise<Split> {
  const { report, signal } = inputs;
  const split = (documents: readonly string[]) => splitOf(manifest, source.id, documents);
  const { served } = source;
  if (served === null) {
    if (files === null || files.length === 0)
      throw new InputError(`source ${source.id}`, "files of yours: its text is brought", "none");
    const documents: string[] = [];
    for (const [i, file] of files.entries()) {
      report({ kind: "read-text", done: i, of: files.length, unit: "files" });
      documents.push(...parseDocuments(file.name, decodeUtf8(file.name, await file.bytes())));
      signal.throwIfAborted();
    }
    return requireHeldOut(manifest, split(documents));
  }
  const fetchText = async (sha256: Sha256, sizeBytes: number) => {
    const file = { sha256, sizeBytes };
    const bytes = await fetchServed(`/texts/${sha256}`, file, `text of ${source.id}`, inputs);
    return parseDocuments(`${source.id}.jsonl`, decodeUtf8(`${source.id}.jsonl`, bytes));
  };
  const train = await fetchText(served.train, served.trainBytes);
  if (served.heldOut === null) return split(train);
  return { train, heldOut: await fetchText(served.heldOut, served.heldOutBytes) };
}
