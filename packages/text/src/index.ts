// A volunteer's text: documents, the tokenizer that is learnt from them, packed shards, batches, and the measure.

export { utf8Length } from "@homebody/base";
export {
  type Batch,
  type Draw,
  drawBatch,
  type HeldOutBatch,
  type HeldOutOptions,
  heldOutBatches,
  ignored,
  rowsInTurn,
} from "./batches.ts";
export { bitsPerByte, type Score, unigram } from "./bits-per-byte.ts";
export { decodeUtf8, parseDocuments } from "./documents.ts";
export { type Split, splitHeldOut } from "./held-out.ts";
export { openingOf } from "./opening.ts";
export type { PairTable } from "./pair-table.ts";
export {
  type PreparedText,
  type PreparingOptions,
  type PreparingProgress,
  preparing,
} from "./prepared.ts";
export { type FileText, isTextFile, readTextFile } from "./read-text-file.ts";
export { settledTokens } from "./settled.ts";
export {
  type PackingOptions,
  type PackingProgress,
  packDocuments,
  packing,
  predictedTokens,
  type Shard,
  shardBytes,
} from "./shard.ts";
export { decodeShard, encodeShard } from "./shard-file.ts";
export { decodeSoFar, type Tokenizer, textsOf, tokenizerFromJson } from "./tokenizer.ts";
export { vocabularyFromJson } from "./tokenizer-json.ts";
export {
  TrainingCancelled,
  type TrainingOptions,
  type TrainingProgress,
  tokenizerTraining,
  trainTokenizer,
} from "./train-tokenizer.ts";
export {
  byteTokensOf,
  endOfDocumentText,
  largestVocabulary,
  ranksOf,
  smallestVocabulary,
  type Vocabulary,
} from "./vocabulary.ts";
