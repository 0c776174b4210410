// Passages of held-out text, by a seed: beginnings of documents; and text that goes over from one language to another in mid-sentence.

import { InputError, permutation, type Random, random } from "@homebody/base";
import { utf8Length } from "@homebody/text";

/** Documents of one language. */
export interface LanguageText {
  readonly name: string;
  readonly documents: readonly string[];
}

/** What models are measured on, under one name. */
export interface Passages {
  readonly name: string;
  /** Whether a source of the run learnt from text in this language; null for several languages. */
  readonly learnt: boolean | null;
  readonly passages: readonly string[];
}

/** Text that goes over from one language to another. */
export const inTurn = "in turn, in mid-sentence";

/** Those that sources learnt from, these in turn where they are several, and others; of each about so many bytes. */
export function passagesOf(
  own: readonly LanguageText[],
  others: readonly (LanguageText & { readonly learnt: boolean })[],
  bytes: number,
  seed: string,
): readonly Passages[] {
  const of = (one: LanguageText, learnt: boolean) => ({
    name: one.name,
    learnt,
    passages: beginnings(one, bytes, seed),
  });
  const between = switching(own, bytes, seed);
  return [
    ...own.map((one) => of(one, true)),
    ...(between.length === 0 ? [] : [{ name: inTurn, learnt: null, passages: between }]),
    ...others.map((one) => of(one, one.learnt)),
  ];
}

/** Of a passage, in bytes; less where a document is shorter. */
export const passageBytes = 400;
/** Of what stands between two changes of language. */
const [fewestCharacters, mostCharacters] = [20, 60];

/** Beginnings of documents, together of about so many bytes. */
export function beginnings(
  { name, documents }: LanguageText,
  bytes: number,
  seed: string,
): readonly string[] {
  const dice = random(`${seed}/${name}`);
  const passages: string[] = [];
  let left = bytes;
  for (const i of permutation(documents.length, dice)) {
    if (left <= 0) break;
    const passage = firstBytes(documents[i]!, Math.min(passageBytes, left));
    if (passage === "") continue;
    passages.push(passage);
    left -= utf8Length(passage);
  }
  if (passages.length === 0) throw new InputError(name, "held-out text", "none");
  return passages;
}

/**
 * Passages of pieces of all languages, in turn: each from a place in the middle of a document to another one, at white space where some is
 * near, else between any two characters.
 */
export function switching(
  languages: readonly LanguageText[],
  bytes: number,
  seed: string,
): readonly string[] {
  if (languages.length < 2) return [];
  const dice = random(`${seed}/switching`);
  const passages: string[] = [];
  for (let left = bytes; left > 0; ) {
    const order = Array.from({ length: 4 }, (_, i) => languages[(passages.length + i) % languages.length]!);
    const passage = order
      .map(({ documents }) => piece(documents[dice.below(documents.length)]!, dice))
      .join("");
    passages.push(passage);
    left -= Math.max(1, utf8Length(passage));
  }
  return passages;
}

/** With the white space before it, as a word has it within a sentence. */
function piece(document: string, dice: Random): string {
  const characters = [...document];
  const length = fewestCharacters + dice.below(mostCharacters - fewestCharacters + 1);
  const start = near(characters, dice.below(Math.max(1, characters.length - length)));
  return characters.slice(start, near(characters, start + length)).join("");
}

/** The next white space, if it is near. */
function near(characters: readonly string[], at: number): number {
  for (let i = at; i < Math.min(characters.length, at + fewestCharacters); i++)
    if (i > 0 && characters[i] === " ") return i;
  return Math.min(at, characters.length);
}

function firstBytes(document: string, bytes: number): string {
  let [size, end] = [0, 0];
  for (const character of document) {
    size += utf8Length(character);
    if (size > bytes) break;
    end += character.length;
  }
  return document.slice(0, end);
}
