// Bytes that a model has no token for: where rows of a vocabulary are left out (DEPT's TRIM and SPEC over one vocabulary), and a text
// is not the one that they were left out by.
//
// Such a model gives that text no probability at all. To leave the bytes out would reward it for what it cannot write, so each is
// charged as a byte of which nothing is known. Where they stand is not charged, so figures with many of them still flatter it.

import { bitsPerByte, type Score, type Tokenizer, utf8Length } from "@homebody/text";

const bitsOfLostByte = 8;

/** UTF-8 bytes of a well-formed text that the tokenizer leaves out; 0 for one that has a token for every byte. */
export function lostBytes({ encode, byteLengths }: Tokenizer, text: string): number {
  return encode(text).reduce((left, token) => left - byteLengths[token]!, utf8Length(text));
}

/** What they cost, in nats. */
export function natsOfLost(tokenizer: Tokenizer, text: string): number {
  return bitsOfLostByte * Math.LN2 * lostBytes(tokenizer, text);
}

/** A score of what has tokens, with the bytes that have none. */
export function withLost(score: Score, bytes: number): Score {
  if (bytes === 0) return score;
  const [nats, all] = [score.nats + bitsOfLostByte * Math.LN2 * bytes, score.bytes + bytes];
  return { nats, tokens: score.tokens, bytes: all, bitsPerByte: bitsPerByte(nats, all) };
}
