// Small vocabularies that are learnt from texts by chance over few characters, so that all that can go wrong does.

import { permutation, random } from "@homebody/base";
import {
  type Tokenizer,
  tokenizerFromJson,
  trainTokenizer,
  type Vocabulary,
  vocabularyFromJson,
} from "@homebody/text";
import { type Canonical, canonicalOf } from "../src/canonical.ts";

/** White space of both kinds, letters with and without a part in contractions, characters of two and three bytes that share bytes. */
export const characters = [
  "a",
  "s",
  "r",
  "e",
  "l",
  "'",
  " ",
  "\n",
  "1",
  ".",
  "é",
  "è",
  "\u00a0",
  "日",
  "\u3000",
];

export interface Drawn {
  readonly tokenizer: Tokenizer;
  readonly vocabulary: Vocabulary;
  readonly canonical: Canonical;
}

/** At most so many merges. Every second vocabulary has them in another order than they were learnt in, so that tokens come to be in odd ways. */
export function drawnVocabulary(seed: number, merges: number): Drawn {
  const dice = random(`vocabulary/${seed}`);
  const text = Array.from({ length: 400 }, () => characters[dice.below(characters.length)]!).join("");
  const file = JSON.parse(trainTokenizer([text], { vocabulary: 257 + merges }).toJson());
  if (seed % 2 === 1) {
    const order = permutation(file.model.merges.length, dice);
    file.model.merges = Array.from(order, (i: number) => file.model.merges[i]);
  }
  return drawnOf(JSON.stringify(file));
}

export function learntVocabulary(texts: readonly string[], size: number): Drawn {
  return drawnOf(trainTokenizer(texts, { vocabulary: size }).toJson());
}

function drawnOf(json: string): Drawn {
  const vocabulary = vocabularyFromJson(json);
  return { tokenizer: tokenizerFromJson(json), vocabulary, canonical: canonicalOf(vocabulary) };
}

export const someText =
  "A cat and a cat's hat: 12 cats, 120 hats, they're all they'll wear. El niño y la niña comían piñas. 日本語の文字、日本語の音。 " +
  "Привет, как дела? Привет всем! aaaaaaaa aaaaaaaaaaaa ababababab 😀😀 😀\n\n\tif (x == 10) { x += 10; }\n";
