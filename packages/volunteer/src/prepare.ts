// A volunteer's text: from documents to a tokenizer and two shards, once; afterwards from the disk [V3].

import { InputError, type Sha256 } from "@homebody/base";
import { bitsOf, leavesOutRows, splitOf } from "@homebody/dept";
import type { ManifestSource, RunManifest } from "@homebody/protocol";
import {
  decodeUtf8,
  type FileText,
  parseDocuments,
  preparing,
  type Split,
  shardBytes,
  type Tokenizer,
  tokenizerFromJson,
} from "@homebody/text";
import { breathing } from "./breathing.ts";
import { type BroughtFile, documentsOf, readBrought, splitOfBrought, UnusableText } from "./brought.ts";
import { fetchChecked } from "./fetch-checked.ts";
import type { Clock, Disk, Net } from "./ports.ts";
import { rowsOfText } from "./rows.ts";
import { forgetState } from "./stored-state.ts";
import { encodeText, loadText, type Text } from "./text-file.ts";
import { textName } from "./text-name.ts";
import type { Task } from "./view.ts";

export interface PrepareInputs {
  readonly net: Pick<Net, "download">;
  readonly disk: Disk;
  readonly clock: Clock;
  readonly report: (task: Omit<Task, "startedAt">) => void;
  readonly signal: AbortSignal;
  /** It is another text than the one that was kept before [V24]. */
  readonly replaced?: () => void;
}

const shown = {
  reading: { kind: "read-text", unit: "characters" },
  indexing: { kind: "train-vocabulary", unit: "words" },
  merging: { kind: "train-vocabulary", unit: "merges" },
  packing: { kind: "pack-text", unit: "characters" },
} as const;

type Fetching = Pick<PrepareInputs, "net" | "report" | "signal">;

/** Throws UnusableText [V23], and an AbortError when the signal aborts; nothing half-made is kept. */
export async function prepareText(
  manifest: RunManifest,
  source: ManifestSource,
  files: readonly BroughtFile[] | null,
  inputs: PrepareInputs,
): Promise<Text> {
  const kept = await keptText(source, files, inputs.disk);
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
  if (kept !== undefined && !isSame(encodeText(source.id, kept), file)) inputs.replaced?.();
  await inputs.disk.write(textName, file);
  return text;
}

/** Where what is kept of a brought text is damaged, it takes the text anew; words of nobody knows which tokens are of no use. */
async function keptText(
  source: ManifestSource,
  files: readonly BroughtFile[] | null,
  disk: Disk,
): Promise<Text | undefined> {
  try {
    return await loadText(source, disk);
  } catch (error) {
    if (!(error instanceof InputError) || source.served !== null) throw error;
    if (files === null)
      throw new UnusableText(
        "what this device kept of the text",
        "what was written; bring the text anew",
        error.message,
      );
    await forgetState(disk);
    return undefined;
  }
}

const isSame = (a: Uint8Array, b: Uint8Array) => a.length === b.length && a.every((byte, i) => byte === b[i]);

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

async function readDocuments(
  manifest: RunManifest,
  source: ManifestSource,
  files: readonly BroughtFile[] | null,
  inputs: PrepareInputs,
): Promise<Split> {
  const { served } = source;
  if (served === null)
    return splitOfBrought(manifest, source.id, await readFiles(source, files ?? [], inputs));
  const fetchText = async (sha256: Sha256, sizeBytes: number) => {
    const file = { sha256, sizeBytes };
    const bytes = await fetchServed(`/texts/${sha256}`, file, `text of ${source.id}`, inputs);
    return parseDocuments(`${source.id}.jsonl`, decodeUtf8(`${source.id}.jsonl`, bytes));
  };
  const train = await fetchText(served.train, served.trainBytes);
  if (served.heldOut === null) return splitOf(manifest, source.id, train);
  return { train, heldOut: await fetchText(served.heldOut, served.heldOutBytes) };
}

async function readFiles(
  { id }: ManifestSource,
  files: readonly BroughtFile[],
  { report, signal }: PrepareInputs,
): Promise<readonly string[]> {
  if (files.length === 0)
    throw new UnusableText(`source ${id}`, "files of yours: its text is brought", "none");
  const read: FileText[] = [];
  for (const [i, file] of files.entries()) {
    report({ kind: "read-text", done: i, of: files.length, unit: "files" });
    read.push(await readBrought(file));
    signal.throwIfAborted();
  }
  return documentsOf(read);
}
