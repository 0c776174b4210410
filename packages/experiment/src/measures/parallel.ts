// Parallel text: the same articles in many languages, the Universal Declaration of Human Rights for one. What a model needs to
// write an article down is comparable between languages and between vocabularies, which bits per byte alone are not: a byte
// is a letter in one script and a third of one in another.

import { InputError } from "@homebody/base";
import { type Tokenizer, utf8Length } from "@homebody/text";
import { lostBytes } from "./lost.ts";
import { bitsOfText, type Scorer } from "./scorer.ts";

export interface ParallelScore {
  /** -log2 p of each article, its end included, in the articles' order. */
  readonly bits: readonly number[];
  readonly total: number;
  readonly meanPerArticle: number;
  /** UTF-8, of all articles. */
  readonly bytes: number;
  /** Of them: those that the model has no token for. */
  readonly lostBytes: number;
}

/** `articles`: all of them, in an order that all languages share. */
export async function parallelBits(
  scorer: Scorer,
  tokenizer: Tokenizer,
  articles: readonly string[],
): Promise<ParallelScore> {
  if (articles.length === 0) throw new InputError("parallel text", "at least one article", "none");
  const bits: number[] = [];
  for (const article of articles) bits.push(await bitsOfText(scorer, tokenizer, article));
  const total = bits.reduce((sum, some) => sum + some, 0);
  const bytes = articles.reduce((sum, article) => sum + utf8Length(article), 0);
  const lost = articles.reduce((sum, article) => sum + lostBytes(tokenizer, article), 0);
  return { bits, total, meanPerArticle: total / articles.length, bytes, lostBytes: lost };
}
