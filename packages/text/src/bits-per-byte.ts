// Bits per byte: what can be compared between sources and vocabularies, as perplexity cannot. And the measure's
// floor for a model that has learnt anything: a unigram model, which knows how common each token is and no more.

import { InputError } from "@homebody/base";
import type { HeldOutBatch } from "./batches.ts";
import type { Shard } from "./shard.ts";

/** `nats` over all tokens, ends of documents included; `bytes` of the text. */
export function bitsPerByte(nats: number, bytes: number): number {
  return nats / Math.LN2 / bytes;
}

export interface Score {
  readonly nats: number;
  readonly tokens: number;
  readonly bytes: number;
  readonly bitsPerByte: number;
}

/**
 * A unigram model of the training shard (its predicted tokens counted, one added to each of the vocabulary) on the
 * given held-out batches: the same ones that the trained model is evaluated on. `vocabulary` is the run's.
 */
export function unigram(train: Shard, heldOut: Iterable<HeldOutBatch>, vocabulary: number): Score {
  const counts = new Float64Array(vocabulary).fill(1);
  for (let i = 1; i < train.stream.length; i++) {
    const token = train.stream[i]!;
    if (token >= vocabulary)
      throw new InputError("unigram, token", `a token below ${vocabulary}`, `${token}`);
    counts[token] = counts[token]! + 1;
  }
  const total = Math.log(train.stream.length - 1 + vocabulary);
  let [nats, tokens, bytes] = [0, 0, 0];
  for (const batch of heldOut) {
    for (const target of batch.targets) if (target >= 0) nats += total - Math.log(counts[target]!);
    tokens += batch.tokens;
    bytes += batch.bytes;
  }
  return { nats, tokens, bytes, bitsPerByte: bitsPerByte(nats, bytes) };
}
