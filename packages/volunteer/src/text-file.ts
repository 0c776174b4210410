// A prepared text on the disk: tokenizer.json and the two shards, as bytes under their names.

import type { ManifestSource } from "@homebody/protocol";
import {
  decodeShard,
  encodeShard,
  type Shard,
  shardBytes,
  type Tokenizer,
  tokenizerFromJson,
} from "@homebody/text";
import type { Disk } from "./ports.ts";
import { bytesEntry, bytesOf, decodeStored, encodeStored } from "./stored-file.ts";
import { textName } from "./text-name.ts";

export interface Text {
  readonly tokenizer: Tokenizer;
  readonly train: Shard;
  readonly heldOut: Shard;
  /** UTF-8, of the training text. */
  readonly textBytes: number;
}

export interface TextMeta {
  readonly source: string;
}

export function encodeText(
  source: string,
  { tokenizer, train, heldOut }: Omit<Text, "textBytes">,
): Uint8Array {
  return encodeTextBytes(
    { source },
    new TextEncoder().encode(tokenizer.toJson()),
    encodeShard(train),
    encodeShard(heldOut),
  );
}

export function encodeTextBytes(
  meta: TextMeta,
  tokenizer: Uint8Array,
  train: Uint8Array,
  heldOut: Uint8Array,
): Uint8Array {
  const tensors = new Map([
    ["tokenizer", bytesEntry(tokenizer)],
    ["train", bytesEntry(train)],
    ["held-out", bytesEntry(heldOut)],
  ]);
  return encodeStored<TextMeta>({ meta, tensors });
}

/** What is on the disk of this run and source. Throws an InputError where it is damaged. */
export async function loadText(source: ManifestSource, disk: Pick<Disk, "read">): Promise<Text | undefined> {
  const bytes = await disk.read(textName);
  if (bytes === undefined) return undefined;
  const file = decodeStored<TextMeta>(bytes, textName);
  if (file.meta.source !== source.id) return undefined;
  const tokenizer = tokenizerFromJson(
    new TextDecoder().decode(bytesOf(file, "tokenizer", textName)),
    "tokenizer",
  );
  const shard = (name: string, where: string) =>
    decodeShard(bytesOf(file, name, textName), tokenizer.vocabularySize, where);
  const train = shard("train", "training shard");
  const heldOut = shard("held-out", "held-out shard");
  return { tokenizer, train, heldOut, textBytes: shardBytes(train) };
}
