// Minimal pairs from held-out text, in any language: a sentence against itself with two adjacent words swapped, and
// against itself with a word replaced by another of like frequency and of the same length in bytes.
//
// Words and sentences are those of Unicode (UAX 29) by Intl.Segmenter, which finds the words of Chinese, Japanese and Thai by
// a dictionary: there no space stands between two words that are swapped. Both sentences of a pair have the same number of
// bytes, and words about as common, so neither length nor a unigram model tells them apart. What is made is not always
// wrong (a list stays a list when two items are swapped), so 100 % is out of reach, and scores compare models, not languages.

import { permutation, type Random, random } from "@homebody/base";
import { utf8Length } from "@homebody/text";
import type { Pair } from "./pairs.ts";

export interface PairOptions {
  /** A BCP 47 tag, or any name: where it is no language, words are those of no language in particular. */
  readonly language: string;
  /** At most, of each kind; fewer where the text gives no more. */
  readonly count: number;
  readonly seed: string;
  /** Words are counted here besides the held-out documents. */
  readonly counted?: readonly string[];
}

interface Segment {
  readonly text: string;
  readonly isWord: boolean;
}

const [fewestWords, mostWords, mostCharacters] = [5, 40, 300];
/** Words of like frequency: the commoner stands at most twice as often. */
const mostRatio = 2;

export function pairsFromText(heldOut: readonly string[], options: PairOptions): Pair[] {
  const { language, count, seed } = options;
  const segments = segmenterOf(language);
  const words = countWords([...heldOut, ...(options.counted ?? [])], segments);
  const sentences = [...new Set(heldOut.flatMap((document) => sentencesOf(document, language)))];
  const dice = random(`${seed}/pairs`);
  const pairs: Record<"swapped" | "replaced", Pair[]> = { swapped: [], replaced: [] };
  for (const i of permutation(sentences.length, dice)) {
    if (pairs.swapped.length >= count && pairs.replaced.length >= count) break;
    const good = sentences[i]!;
    const parts = segments(good);
    const wordsIn = parts.filter(({ isWord }) => isWord).length;
    if (wordsIn < fewestWords || wordsIn > mostWords) continue;
    for (const [kind, make] of [
      ["swapped", swapped],
      ["replaced", replaced],
    ] as const) {
      const bad = pairs[kind].length < count ? make(parts, words, dice) : undefined;
      if (bad !== undefined) pairs[kind].push({ good, bad, kind });
    }
  }
  return [...pairs.swapped, ...pairs.replaced];
}

/** Two neighbours with nothing or one space between them; not the first word, whose capital would tell. */
function swapped(parts: readonly Segment[], _: Words, dice: Random): string | undefined {
  const first = parts.findIndex(({ isWord }) => isWord);
  const places: [number, number][] = [];
  for (let i = first + 1; i < parts.length; i++) {
    if (!parts[i]!.isWord) continue;
    const next = parts[i + 1]?.text === " " ? i + 2 : i + 1;
    if (parts[next]?.isWord && parts[next].text.toLowerCase() !== parts[i]!.text.toLowerCase())
      places.push([i, next]);
  }
  const place = places[places.length === 0 ? 0 : dice.below(places.length)];
  if (place === undefined) return undefined;
  const texts = parts.map(({ text }) => text);
  const [a, b] = place;
  [texts[a], texts[b]] = [texts[b]!, texts[a]!];
  return texts.join("");
}

function replaced(parts: readonly Segment[], words: Words, dice: Random): string | undefined {
  const first = parts.findIndex(({ isWord }) => isWord);
  const places = parts.flatMap(({ text, isWord }, i) =>
    isWord && i !== first && words.likes(text).length > 0 ? [i] : [],
  );
  if (places.length === 0) return undefined;
  const place = places[dice.below(places.length)]!;
  const likes = words.likes(parts[place]!.text);
  const other = likes[dice.below(likes.length)]!;
  return parts.map(({ text }, i) => (i === place ? other : text)).join("");
}

interface Words {
  /** Other words of its length in bytes, its case, and about its frequency. */
  likes(word: string): readonly string[];
}

function countWords(documents: readonly string[], segments: (text: string) => Segment[]): Words {
  const counts = new Map<string, number>();
  for (const line of documents.flatMap(linesOf))
    for (const { text, isWord } of segments(line))
      if (isWord && /^\p{L}[\p{L}\p{M}]*$/u.test(text)) counts.set(text, (counts.get(text) ?? 0) + 1);
  const groups = new Map<string, string[]>();
  for (const word of [...counts.keys()].sort()) {
    const group = groups.get(shapeOf(word)) ?? [];
    groups.set(shapeOf(word), group);
    group.push(word);
  }
  const known = new Map<string, readonly string[]>();
  return {
    likes: (word) => {
      const found = known.get(word);
      if (found !== undefined) return found;
      const count = counts.get(word);
      const isLike = (other: number) => Math.max(other, count!) <= mostRatio * Math.min(other, count!);
      const group = count === undefined ? [] : groups.get(shapeOf(word))!;
      const likes = group.filter(
        (other) => isLike(counts.get(other)!) && other.toLowerCase() !== word.toLowerCase(),
      );
      known.set(word, likes);
      return likes;
    },
  };
}

/** Bytes, and where capitals stand: none, the first, others. */
function shapeOf(word: string): string {
  const first = word.slice(0, 1);
  const capitals =
    word === word.toLowerCase()
      ? "none"
      : word === first.toUpperCase() + word.slice(1).toLowerCase()
        ? "first"
        : "more";
  return `${utf8Length(word)} ${capitals}`;
}

function sentencesOf(document: string, language: string): string[] {
  const segmenter = new Intl.Segmenter(known(language), { granularity: "sentence" });
  const sentences = linesOf(document).flatMap((line) =>
    Array.from(segmenter.segment(line), ({ segment }) => segment.trim()),
  );
  return sentences.filter((sentence) => sentence.length <= mostCharacters);
}

/** A line's end ends words and sentences anyway; and a segmenter takes a time that grows faster than its text. */
const linesOf = (document: string) => document.split(/[\r\n]+/);

function segmenterOf(language: string): (text: string) => Segment[] {
  const segmenter = new Intl.Segmenter(known(language), { granularity: "word" });
  return (text) =>
    Array.from(segmenter.segment(text), ({ segment, isWordLike }) => ({
      text: segment,
      isWord: isWordLike === true,
    }));
}

function known(language: string): string {
  try {
    return Intl.getCanonicalLocales(language)[0] ?? "und";
  } catch {
    return "und"; // no language's tag
  }
}
