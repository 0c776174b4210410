// Measures that follow from a held-out loss: a Score has the sum of nats, the tokens and the bytes that they stand for.

import { InputError } from "@homebody/base";
import type { Score } from "@homebody/text";

/**
 * exp(nats a token). Only models that share one tokenizer can be compared by it: with another vocabulary a token is another
 * amount of text. Bits per byte compare across vocabularies.
 */
export function perplexity({ nats, tokens }: Pick<Score, "nats" | "tokens">): number {
  return Math.exp(nats / tokens);
}

/**
 * The model's cross-entropy less that of a unigram model of the same vocabulary on the same tokens, in nats a token: what it
 * knows beyond how common each token is. Below 0: it is better. (DEPT's code has it for comparisons across vocabularies.)
 */
export function unigramNormalised(model: Score, unigram: Score): number {
  if (model.tokens !== unigram.tokens)
    throw new InputError(
      "unigram-normalised loss",
      `a unigram score of ${model.tokens} tokens`,
      `${unigram.tokens}`,
    );
  return (model.nats - unigram.nats) / model.tokens;
}
