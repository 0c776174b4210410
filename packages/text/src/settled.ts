// The beginning of an encoding, of a text of which only the beginning is there.

import { pieces, preTokens } from "./pre-tokens.ts";
import type { Tokenizer } from "./tokenizer.ts";

/** What follows may change so many: the last one goes on, and "'", "r" become "'re". */
const unsettled = 2;

/** Tokens with which the encoding of every text begins that begins so. */
export function settledTokens(tokenizer: Pick<Tokenizer, "encode">, text: string): Int32Array {
  const found = [...pieces(text)].flatMap(preTokens);
  return tokenizer.encode(found.slice(0, -unsettled).join(""));
}
