// A shard: a source's text as tokens, packed into rows without gaps, ready to draw batches from.
//
// The documents, shuffled, become one stream: end of document, first document, end of document, second document, ...,
// end of document. A row has context + 1 tokens and starts with the last token of the row before it, so that each
// token of the stream but the first is predicted exactly once, ends of documents included. The last row may be short.

import { InputError, permutation, random } from "@homebody/base";
import { pieces } from "./pre-tokens.ts";
import type { Tokenizer } from "./tokenizer.ts";

export interface Shard {
  /** Predictions a row. */
  readonly context: number;
  readonly rows: number;
  /** Row i is stream[i * context .. (i + 1) * context], both included, as far as the stream goes. */
  readonly stream: Uint16Array;
  /** UTF-8 bytes of the tokens that each row predicts; an end of document has none. */
  readonly rowBytes: Uint32Array;
}

export interface PackingOptions {
  readonly context: number;
  /** Gives the order of the documents. */
  readonly seed: string;
}

export interface PackingProgress {
  /** In characters. */
  readonly done: number;
  readonly of: number;
}

/** All of the packing at once. */
export function packDocuments(
  documents: readonly string[],
  tokenizer: Tokenizer,
  options: PackingOptions,
): Shard {
  const work = packing(documents, tokenizer, options);
  for (;;) {
    const step = work.next();
    if (step.done) return step.value;
  }
}

/** The packing in steps of some milliseconds; the last value is the shard. */
export function* packing(
  documents: readonly string[],
  tokenizer: Tokenizer,
  { context, seed }: PackingOptions,
): Generator<PackingProgress, Shard> {
  if (!(Number.isInteger(context) && context >= 1))
    throw new InputError("packing, context", "a whole number of at least 1", `${context}`);
  if (documents.length === 0) throw new InputError("packing", "at least one document", "none");
  const of = documents.reduce((sum, text) => sum + text.length, 0);
  let stream = new Uint16Array(Math.max(16, of >> 1));
  let size = 0;
  let done = 0;
  function append(ids: ArrayLike<number>): void {
    if (size + ids.length > stream.length) {
      const grown = new Uint16Array(Math.max(stream.length * 2, size + ids.length));
      grown.set(stream);
      stream = grown;
    }
    stream.set(ids, size);
    size += ids.length;
  }
  append([tokenizer.endOfDocument]);
  for (const i of permutation(documents.length, random(`${seed}/documents`))) {
    for (const piece of pieces(documents[i]!)) {
      append(tokenizer.encode(piece));
      done += piece.length;
      yield { done, of };
    }
    append([tokenizer.endOfDocument]);
  }
  return shardOf(stream.slice(0, size), context, tokenizer.byteLengths);
}

function shardOf(stream: Uint16Array, context: number, byteLengths: Uint32Array): Shard {
  const rows = Math.ceil((stream.length - 1) / context);
  const rowBytes = new Uint32Array(rows);
  for (let i = 1; i < stream.length; i++) {
    const row = Math.floor((i - 1) / context);
    rowBytes[row] = rowBytes[row]! + byteLengths[stream[i]!]!;
  }
  return { context, rows, stream, rowBytes };
}

/** Tokens that a shard predicts. */
export function predictedTokens(shard: Shard): number {
  return shard.stream.length - 1;
}

/** UTF-8 bytes of a shard's text. */
export function shardBytes(shard: Shard): number {
  return shard.rowBytes.reduce((sum, bytes) => sum + bytes, 0);
}
