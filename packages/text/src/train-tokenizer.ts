// Learning a byte-level BPE from text: which pairs of tokens to merge, the commonest first.
//
// First every pre-token is counted, so that a word that stands a thousand times is looked at once. Then pairs are
// merged: a queue knows the commonest pair, an index where each pair stands, and a merge touches only those places
// and their neighbours. The same documents give the same tokenizer everywhere: ties go to the pair of smaller ids
// (as in Hugging Face's trainer). A pair that stands only once is not worth a token.
//
// It is a generator, so that a worker can report, breathe and give up between its steps of some milliseconds.

import { heap, InputError } from "@homebody/base";
import { bytesByCharacter, charactersOf } from "./byte-characters.ts";

import { pairTable } from "./pair-table.ts";
import { pieces, preTokens } from "./pre-tokens.ts";
import { type Tokenizer, tokenizerOf } from "./tokenizer.ts";
import { largestVocabulary, type Merge, smallestVocabulary } from "./vocabulary.ts";

export interface TrainingProgress {
  /** Reading counts characters, indexing words and then places, merging tokens. */
  readonly phase: "reading" | "indexing" | "merging";
  readonly done: number;
  readonly of: number;
}

export interface TrainingOptions {
  /**
   * Tokens wanted, with the end of document and the 256 bytes: 257 to 65,536. It is also the number of rows of the
   * source's embedding. A small text may not have as many pairs that stand twice; then the tokenizer has fewer
   * tokens (its vocabularySize says how many), and the embedding's last rows stand for nothing.
   */
  readonly vocabulary: number;
}

/** Thrown by trainTokenizer when `cancelled` said so. */
export class TrainingCancelled extends Error {
  constructor() {
    super("tokenizer: training was cancelled");
    this.name = "TrainingCancelled";
  }
}

/** All of the training at once; `cancelled` is asked between steps of some milliseconds. */
export function trainTokenizer(
  documents: readonly string[],
  options: TrainingOptions & {
    readonly progress?: (progress: TrainingProgress) => void;
    readonly cancelled?: () => boolean;
  },
): Tokenizer {
  const training = tokenizerTraining(documents, options);
  for (;;) {
    if (options.cancelled?.()) throw new TrainingCancelled();
    const step = training.next();
    if (step.done) return step.value;
    options.progress?.(step.value);
  }
}

const leastCount = 2;
const wordsAStep = 1 << 14;
const placesAStep = 1 << 16;

/** The training in steps; the last value is the tokenizer. */
export function* tokenizerTraining(
  documents: readonly string[],
  { vocabulary }: TrainingOptions,
): Generator<TrainingProgress, Tokenizer> {
  if (!(Number.isInteger(vocabulary) && vocabulary >= smallestVocabulary && vocabulary <= largestVocabulary))
    throw new InputError(
      "tokenizer, vocabulary",
      `a whole number from ${smallestVocabulary} to ${largestVocabulary}`,
      `${vocabulary}`,
    );
  // No name for the words: once indexed, they need not stay in memory.
  return yield* learn(yield* index(yield* countWords(documents)), vocabulary);
}

interface Words {
  readonly texts: Iterable<string>;
  /** How often each stands, in the same order. */
  readonly counts: readonly number[];
}

function* countWords(documents: readonly string[]): Generator<TrainingProgress, Words> {
  const of = documents.reduce((sum, text) => sum + text.length, 0);
  const order = new Map<string, number>();
  const counts: number[] = [];
  let done = 0;
  for (const document of documents) {
    for (const piece of pieces(document)) {
      for (const word of preTokens(piece)) {
        const known = order.get(word);
        if (known === undefined) {
          order.set(word, counts.length);
          counts.push(1);
        } else counts[known] = counts[known]! + 1;
      }
      done += piece.length;
      yield { phase: "reading", done, of };
    }
  }
  return { texts: order.keys(), counts };
}

/** All different words laid end to end, a token a place; a merge joins a place with the next one. */
interface Places {
  readonly tokens: Uint16Array;
  /** The place of the next token of the word; -1 at the word's end, -2 where a merge took the token away. */
  readonly next: Int32Array;
  readonly previous: Int32Array;
  /** How often the word of the place stands. */
  readonly weights: Uint32Array;
}

const gone = -2;

function* index({ texts, counts }: Words): Generator<TrainingProgress, Places> {
  const utf8 = new TextEncoder();
  const byteTokens = new Uint16Array(256);
  for (const [i, byte] of bytesByCharacter.entries()) byteTokens[byte] = i + 1;
  let tokens = new Uint16Array(1 << 16);
  const lengths = new Uint32Array(counts.length);
  let size = 0;
  let word = 0;
  for (const text of texts) {
    const bytes = utf8.encode(text);
    if (size + bytes.length > tokens.length) {
      const grown = new Uint16Array(Math.max(tokens.length * 2, size + bytes.length));
      grown.set(tokens);
      tokens = grown;
    }
    for (const byte of bytes) tokens[size++] = byteTokens[byte]!;
    lengths[word++] = bytes.length;
    if (word % wordsAStep === 0) yield { phase: "indexing", done: word, of: counts.length };
  }
  const next = new Int32Array(size);
  const previous = new Int32Array(size);
  const weights = new Uint32Array(size);
  let start = 0;
  for (const [i, length] of lengths.entries()) {
    const end = start + length;
    for (let at = start; at < end; at++) {
      next[at] = at + 1 < end ? at + 1 : -1;
      previous[at] = at > start ? at - 1 : -1;
      weights[at] = counts[i]!;
    }
    start = end;
    if (i % wordsAStep === 0) yield { phase: "indexing", done: i, of: counts.length };
  }
  return { tokens, next, previous, weights };
}

interface Pair {
  readonly left: number;
  readonly right: number;
  count: number;
  /** Where it stood before the first merge, and where merges have made it: checked when it is merged. */
  first: Int32Array;
  places: number[];
  /** After how many merges it was last made commoner: it goes into the queue once a merge. */
  touched: number;
}

const nowhere = new Int32Array(0);

/** A pair with the count that it had when it was queued. */
interface Queued {
  readonly pair: Pair;
  readonly count: number;
}

function commoner(a: Queued, b: Queued): boolean {
  if (a.count !== b.count) return a.count > b.count;
  return a.pair.left !== b.pair.left ? a.pair.left < b.pair.left : a.pair.right < b.pair.right;
}

function* learn(places: Places, vocabulary: number): Generator<TrainingProgress, Tokenizer> {
  const { tokens: at, next, previous, weights } = places;
  const tokens: Uint8Array[] = [new Uint8Array(0), ...Array.from(bytesByCharacter, (b) => Uint8Array.of(b))];
  const merges: Merge[] = [];
  const made = new Map<string, number>(); // tokens by the characters of their bytes
  const pairs: Pair[] = [];
  const table = pairTable(1 << 16);
  const queue = heap<Queued>(commoner);
  let touched: Pair[] = [];

  function pairOf(left: number, right: number): Pair {
    const known = table.get(left, right);
    if (known >= 0) return pairs[known]!;
    const pair: Pair = { left, right, count: 0, first: nowhere, places: [], touched: -1 };
    table.add(left, right, pairs.length);
    pairs.push(pair);
    return pair;
  }

  function more(left: number, right: number, weight: number, place: number): void {
    const pair = pairOf(left, right);
    pair.count += weight;
    pair.places.push(place);
    if (pair.touched === merges.length) return;
    pair.touched = merges.length;
    touched.push(pair);
  }

  function enqueue(): void {
    for (const pair of touched) if (pair.count >= leastCount) queue.push({ pair, count: pair.count });
    touched = [];
  }

  // The text's own pairs of bytes, in two turns: how often each stands, then where.
  let work = 0;
  const standing = new Int32Array(smallestVocabulary ** 2);
  const keyOf = (left: number, right: number) => left * smallestVocabulary + right;
  for (let place = 0; place < next.length; place++) {
    if (++work % placesAStep === 0) yield { phase: "indexing", done: place >> 1, of: next.length };
    const after = next[place]!;
    if (after < 0) continue;
    pairOf(at[place]!, at[after]!).count += weights[place]!;
    standing[keyOf(at[place]!, at[after]!)]! += 1;
  }
  for (const pair of pairs) pair.first = new Int32Array(standing[keyOf(pair.left, pair.right)]!);
  for (let place = next.length - 1; place >= 0; place--) {
    if (++work % placesAStep === 0)
      yield { phase: "indexing", done: next.length - (place >> 1), of: next.length };
    const after = next[place]!;
    if (after < 0) continue;
    const pair = pairOf(at[place]!, at[after]!);
    const free = standing[keyOf(pair.left, pair.right)]! - 1;
    standing[keyOf(pair.left, pair.right)] = free;
    pair.first[free] = place;
  }
  touched = [...pairs];
  enqueue();

  while (tokens.length < vocabulary) {
    const top = queue.pop();
    if (top === undefined) break;
    const { pair } = top;
    if (pair.count !== top.count) {
      if (pair.count >= leastCount) queue.push({ pair, count: pair.count });
      continue;
    }
    const { left, right } = pair;
    const into = tokenOf(left, right);
    merges.push({ left, right, into });
    // In "aaa" the first two are the pair: places of a pair with itself are taken from left to right.
    if (left === right) pair.places.sort((a, b) => a - b);
    // Pairs of bytes stand only where the text has them, others only where merges have made them.
    for (const place of pair.first.length > 0 ? pair.first : pair.places) {
      if (++work % placesAStep === 0) yield { phase: "merging", done: tokens.length, of: vocabulary };
      const second = next[place]!;
      if (second < 0 || at[place] !== left || at[second] !== right) continue;
      const weight = weights[place]!;
      const [before, after] = [previous[place]!, next[second]!];
      if (before >= 0) {
        pairOf(at[before]!, left).count -= weight;
        more(at[before]!, into, weight, before);
      }
      if (after >= 0) {
        pairOf(right, at[after]!).count -= weight;
        more(into, at[after]!, weight, place);
        previous[after] = place;
      }
      at[place] = into;
      next[place] = after;
      next[second] = gone;
    }
    pair.count = 0;
    pair.first = nowhere;
    pair.places = [];
    enqueue();
  }
  yield { phase: "merging", done: tokens.length, of: tokens.length };
  return tokenizerOf({ tokens, endOfDocument: 0, merges });

  // New, unless other parts had made these bytes: never seen, but not proven to be impossible.
  function tokenOf(left: number, right: number): number {
    const bytes = new Uint8Array(tokens[left]!.length + tokens[right]!.length);
    bytes.set(tokens[left]!);
    bytes.set(tokens[right]!, tokens[left]!.length);
    const key = charactersOf(bytes);
    const known = made.get(key);
    if (known !== undefined) return known;
    made.set(key, tokens.length);
    tokens.push(bytes);
    return tokens.length - 1;
  }
}
