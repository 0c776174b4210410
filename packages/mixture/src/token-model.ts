// What a model of bytes asks of a model of tokens.

import type { Vocabulary } from "@homebody/text";

/** Tokens so far, the end of document first. Prefixes share their beginnings, so that a cache may hang on each. */
export interface Prefix {
  readonly before: Prefix | null;
  readonly token: number;
  /** Tokens, this one included. */
  readonly length: number;
}

export interface TokenModel {
  readonly vocabulary: Vocabulary;
  /** One a token, more where the model has rows that stand for no token: ln p of the next token, but for a constant. */
  logits(prefix: Prefix): Promise<Float32Array>;
}

export const firstPrefix = ({ endOfDocument }: Vocabulary): Prefix => ({
  before: null,
  token: endOfDocument,
  length: 1,
});

export const longer = (before: Prefix, token: number): Prefix => ({
  before,
  token,
  length: before.length + 1,
});

/** The last `count` tokens at most, in their order. */
export function lastTokens(prefix: Prefix, count = prefix.length): number[] {
  const tokens: number[] = [];
  for (let one: Prefix | null = prefix; one !== null && tokens.length < count; one = one.before)
    tokens.push(one.token);
  return tokens.reverse();
}
