// Passages of held-out text, by a seed: beginnings of documents; and text that goes over from one language to another in mid-sentence.

import { InputError, permutation, type Random, random } from "@homebody/base";
import { utf8Length } from "@homebody/text";

/** Documents of one language. */
export interface LanguageText {
  readonly name: string;
  readonly documents: readonly string[];
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
