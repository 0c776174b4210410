// What a tokenizer is made of: tokens and merges. How it is learnt is train-tokenizer.ts, how it is used tokenizer.ts.

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
