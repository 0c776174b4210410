// What a tokenizer is made of: tokens and merges. How it is learnt is train-tokenizer.ts, how it is used tokenizer.ts.

import { InputError } from "@homebody/base";
import { type PairTable, pairTable } from "./pair-table.ts";

/** Ids are positions in `tokens`. */
export interface Vocabulary {
  /** The bytes of each token, all different; none for the end of document. */
  readonly tokens: readonly Uint8Array[];
  readonly endOfDocument: number;
  /** In the order in which they were learnt. */
  readonly merges: readonly Merge[];
}

export interface Merge {
  readonly left: number;
  readonly right: number;
  /** The token of both parts' bytes; two merges may make the same one. */
  readonly into: number;
}

export const endOfDocumentText = "<|endoftext|>";
/** The end of document and 256 bytes. */
export const smallestVocabulary = 257;
/** Ids are 16 bits wide in pair tables and shards. */
export const largestVocabulary = 65536;

/** The token of each byte. Throws an InputError where one has none. */
export function byteTokensOf({ tokens, endOfDocument }: Vocabulary, where: string): Int32Array {
  const byteTokens = new Int32Array(256).fill(-1);
  for (const [id, bytes] of tokens.entries())
    if (id !== endOfDocument && bytes.length === 1) byteTokens[bytes[0]!] = id;
  const missing = byteTokens.indexOf(-1);
  if (missing >= 0) throw new InputError(where, "a token for every byte", `none for ${missing}`);
  return byteTokens;
}

/** Of each pair: which merge it is. Throws an InputError where one is there twice. */
export function ranksOf(merges: readonly Merge[], where: string): PairTable {
  const ranks = pairTable(merges.length);
  for (const [rank, { left, right }] of merges.entries()) {
    if (ranks.get(left, right) >= 0)
      throw new InputError(`${where}, merge ${rank}`, "a pair of its own", `${left} and ${right} again`);
    ranks.add(left, right, rank);
  }
  return ranks;
}
