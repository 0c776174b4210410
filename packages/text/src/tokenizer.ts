// Byte-level BPE: text to token ids and back. No text is unknown, and every text comes back as it was.
//
// A pre-token's bytes begin as one token each; the pair that was learnt first is merged, leftmost first, until no
// pair is left that was learnt. `<|endoftext|>` written in a text is ordinary text: only packing makes end tokens.

import { heap, InputError, joinedBytes } from "@homebody/base";
import { pieces, preTokens } from "./pre-tokens.ts";
import { vocabularyFromJson, vocabularyJson } from "./tokenizer-json.ts";
import { byteTokensOf, largestVocabulary, type Merge, ranksOf, type Vocabulary } from "./vocabulary.ts";

export interface Tokenizer {
  /** Its own entries, with the end of document. It may be smaller than the run's vocabulary: see trainTokenizer. */
  readonly vocabularySize: number;
  /** The token that ends a document; it has no bytes. */
  readonly endOfDocument: number;
  /** UTF-8 bytes of each token. */
  readonly byteLengths: Uint32Array;
  encode(text: string): Int32Array;
  /** The bytes of the tokens; a token that the tokenizer does not have counts as U+FFFD. */
  decodeBytes(ids: Iterable<number>): Uint8Array;
  /** As decodeBytes, with U+FFFD for bytes that are no UTF-8: a token can end within a character. */
  decode(ids: Iterable<number>): string;
  /** Hugging Face's tokenizer.json. */
  toJson(): string;
}

const cachedWords = 1 << 16;
const cachedLength = 64;
const unknownBytes = new TextEncoder().encode("\ufffd");

export function tokenizerOf(vocabulary: Vocabulary, where = "tokenizer"): Tokenizer {
  const { tokens, endOfDocument, merges } = vocabulary;
  if (tokens.length > largestVocabulary)
    throw new InputError(where, `at most ${largestVocabulary} tokens`, `${tokens.length}`);
  const byteTokens = byteTokensOf(vocabulary, where);
  const byteLengths = Uint32Array.from(tokens, (bytes) => bytes.length);
  const merge = merger(merges, where);
  const utf8 = new TextEncoder();
  const fresh = new TextDecoder("utf-8", { ignoreBOM: true });
  const cache = new Map<string, Int32Array>();

  function word(text: string): Int32Array {
    const known = cache.get(text);
    if (known) return known;
    const bytes = utf8.encode(text);
    const ids = new Int32Array(bytes.length);
    for (let i = 0; i < bytes.length; i++) ids[i] = byteTokens[bytes[i]!]!;
    const merged = ids.slice(0, merge(ids));
    if (text.length <= cachedLength) {
      if (cache.size >= cachedWords) cache.clear();
      // A string of its own: a part of a document would keep all of the document in memory.
      cache.set(fresh.decode(bytes), merged);
    }
    return merged;
  }

  function decodeBytes(ids: Iterable<number>): Uint8Array {
    return joinedBytes(Array.from(ids, (id) => tokens[id] ?? unknownBytes));
  }

  return {
    vocabularySize: tokens.length,
    endOfDocument,
    byteLengths,
    encode(text) {
      let ids = new Int32Array(Math.max(16, text.length >> 1));
      let size = 0;
      for (const piece of pieces(text)) {
        for (const preToken of preTokens(piece)) {
          const more = word(preToken);
          if (size + more.length > ids.length) {
            const grown = new Int32Array(Math.max(ids.length * 2, size + more.length));
            grown.set(ids);
            ids = grown;
          }
          ids.set(more, size);
          size += more.length;
        }
      }
      return ids.slice(0, size);
    },
    decodeBytes,
    decode: (ids) => new TextDecoder("utf-8", { ignoreBOM: true }).decode(decodeBytes(ids)),
    toJson: () => vocabularyJson(vocabulary),
  };
}

/** As decode, without the bytes at the end that may become a character yet. */
export function decodeSoFar({ decodeBytes }: Pick<Tokenizer, "decodeBytes">, ids: Iterable<number>): string {
  return new TextDecoder("utf-8", { ignoreBOM: true }).decode(decodeBytes(ids), { stream: true });
}

/** The text so far, after each token of a document that is being written; at its end also what is no character. */
export async function* textsOf(
  { decodeBytes, endOfDocument }: Pick<Tokenizer, "decodeBytes" | "endOfDocument">,
  tokens: AsyncIterable<number>,
): AsyncGenerator<string> {
  const decoder = new TextDecoder("utf-8", { ignoreBOM: true });
  let text = "";
  for await (const token of tokens) {
    if (token === endOfDocument) break;
    text += decoder.decode(decodeBytes([token]), { stream: true });
    yield text;
  }
  yield text + decoder.decode(); // nothing more comes: what is no character is shown as such
}

/** Throws an InputError that says where, unless the text is a tokenizer.json of this kind. */
export function tokenizerFromJson(json: string, where?: string): Tokenizer {
  return tokenizerOf(vocabularyFromJson(json, where), where);
}

/** Merges the ids of one pre-token in place, and returns how many are left. */
function merger(merges: readonly Merge[], where: string): (ids: Int32Array) => number {
  const ranks = ranksOf(merges, where);
  const into = Int32Array.from(merges, (merge) => merge.into);
  const queue = heap<number>((a, b) => a < b); // rank * 2^32 + position: the pair learnt first, leftmost first
  let next = new Int32Array(64);
  let previous = new Int32Array(64);

  return (ids) => {
    const size = ids.length;
    if (size > next.length) {
      next = new Int32Array(size * 2);
      previous = new Int32Array(size * 2);
    }
    const consider = (at: number) => {
      const after = next[at]!;
      const rank = after < size ? ranks.get(ids[at]!, ids[after]!) : -1;
      if (rank >= 0) queue.push(rank * 4294967296 + at);
    };
    for (let i = 0; i < size; i++) {
      next[i] = i + 1;
      previous[i] = i - 1;
    }
    for (let i = 0; i < size; i++) consider(i);
    for (let key = queue.pop(); key !== undefined; key = queue.pop()) {
      const rank = Math.floor(key / 4294967296);
      const at = key % 4294967296;
      const after = next[at]!;
      // The pair may be gone: its left part merged away (-1), or either part grown.
      if (ids[at]! < 0 || after >= size || ranks.get(ids[at]!, ids[after]!) !== rank) continue;
      ids[at] = into[rank]!;
      ids[after] = -1;
      const end = next[after]!;
      next[at] = end;
      if (end < size) previous[end] = at;
      consider(at);
      if (previous[at]! >= 0) consider(previous[at]!);
    }
    let left = 0;
    for (let i = 0; i < size; i = next[i]!) ids[left++] = ids[i]!;
    return left;
  };
}
