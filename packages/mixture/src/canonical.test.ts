import { random } from "@homebody/base";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { characters, drawnVocabulary, learntVocabulary, someText } from "../test/vocabularies.ts";
import { type Canonical, type CanonicalState, stateOf } from "./canonical.ts";

const learnt = learntVocabulary([someText, someText, someText], 420);
const alphabet = [...characters, "t", "v", "m", "d", "S", "-", "ï", "😀", "\t", "\ufeff"];
const texts = fc.array(fc.constantFrom(...alphabet), { maxLength: 14 }).map((list) => list.join(""));
const drawn = Array.from({ length: 24 }, (_, i) => drawnVocabulary(i, 5 * i));
const vocabularies = fc.constantFrom(...drawn);

/** Tokens up to the end of a text, by the shortest way. */
function completion(canonical: Canonical, state: CanonicalState): number[] {
  const { tokens, endOfDocument } = canonical.vocabulary;
  let ways: { readonly state: CanonicalState; readonly way: readonly number[] }[] = [{ state, way: [] }];
  for (;;) {
    const whole = ways.find((one) => canonical.isWhole(one.state));
    if (whole !== undefined) return [...whole.way];
    ways = ways.slice(0, 20).flatMap((one) =>
      [...tokens.keys()].flatMap((token) => {
        const after = token === endOfDocument ? undefined : canonical.after(one.state, token);
        return after === undefined ? [] : [{ state: after, way: [...one.way, token] }];
      }),
    );
    expect(ways).not.toEqual([]);
  }
}

describe("[M1] a prefix is canonical exactly if the encoding of some text begins with it", () => {
  test("every prefix of an encoding is, and at its end the document may end", () => {
    fc.assert(
      fc.property(vocabularies, texts, ({ tokenizer, vocabulary, canonical }, text) => {
        const state = stateOf(canonical, tokenizer.encode(text));
        expect(canonical.isWhole(state)).toBe(true);
        expect(canonical.allowed(state)[vocabulary.endOfDocument]).toBe(1);
      }),
      { numRuns: 200, endOnFailure: true },
    );
  });

  test("whatever is allowed leads to a text whose encoding begins so", () => {
    fc.assert(
      fc.property(vocabularies, fc.integer(), ({ tokenizer, vocabulary, canonical }, seed) => {
        const dice = random(`walk/${seed}`);
        const walked: number[] = [];
        let state = canonical.start;
        for (let i = 0; i < 6; i++) {
          const next = marked(canonical.allowed(state)).filter((token) => token !== vocabulary.endOfDocument);
          // Tokens of a few bytes lead into what is rare: characters that are cut, white space, contractions.
          const rare = next.filter((token) =>
            vocabulary.tokens[token]!.some((byte) => byte >= 0x80 || byte <= 0x27),
          );
          const from = rare.length > 0 && dice.uniform() < 0.6 ? rare : next;
          const token = from[dice.below(from.length)]!;
          walked.push(token);
          state = canonical.after(state, token)!;
        }
        const whole = [...walked, ...completion(canonical, state)];
        expect([...tokenizer.encode(tokenizer.decode(whole))]).toEqual(whole);
      }),
      { numRuns: 60, endOnFailure: true },
    );
  });

  test("by enumeration: of all texts of up to four characters, all prefixes that end before the last two", () => {
    for (const seed of [12, 13, 20, 23]) {
      const { tokenizer, vocabulary, canonical } = drawn[seed]!;
      const few = characters.filter((one, i) => "el".includes(one) || (i + seed) % 3 !== 0); // 're and 'll end so
      const prefixes = new Set<string>();
      for (const text of textsUpTo(few, 4)) {
        const tokens = tokenizer.encode(text);
        for (let size = 0; size <= tokens.length; size++) prefixes.add(tokens.subarray(0, size).join(" "));
      }
      const bytes = new Set(few.flatMap((one) => [...new TextEncoder().encode(one)]));
      const some = [...vocabulary.tokens.keys()].filter(
        (token) =>
          token !== vocabulary.endOfDocument && vocabulary.tokens[token]!.every((byte) => bytes.has(byte)),
      );
      let compared = 0;
      for (const first of some)
        for (const second of some) {
          const text = tokenizer.decode([first, second]);
          if ([...text].length > 2 || [...text].some((one) => !few.includes(one))) continue;
          compared += 1;
          const state = canonical.after(canonical.start, first);
          const found = state !== undefined && canonical.after(state, second) !== undefined;
          expect([first, second, found]).toEqual([first, second, prefixes.has(`${first} ${second}`)]);
        }
      expect(compared).toBeGreaterThan(50);
    }
  });
});

test("[M2] the document may end exactly where the tokens are the encoding of their own bytes", () => {
  let whole = 0;
  const pieces = (of: readonly Uint8Array[]) => fc.array(fc.nat(of.length - 1), { maxLength: 5 });
  fc.assert(
    fc.property(
      vocabularies.chain((drawn) => fc.tuple(fc.constant(drawn), texts, pieces(drawn.vocabulary.tokens))),
      ([{ tokenizer, vocabulary, canonical }, text, more]) => {
        const tokens = [...tokenizer.encode(text), ...more].filter(
          (token) => token !== vocabulary.endOfDocument,
        );
        const isOwn = tokenizer.encode(tokenizer.decode(tokens)).join() === tokens.join();
        let state: CanonicalState | undefined = canonical.start;
        for (const token of tokens) state = state && canonical.after(state, token);
        expect(state !== undefined && canonical.isWhole(state)).toBe(isOwn);
        if (isOwn && more.length > 0) whole += 1;
      },
    ),
    { numRuns: 1000, endOnFailure: true },
  );
  expect(whole).toBeGreaterThan(50);
});

test("[M3] within a pre-token pairs decide: what each adjacent pair is encoded to", () => {
  const word = fc.array(fc.constantFrom("a", "s", "r", "e", "l", "t"), { minLength: 1, maxLength: 10 });
  fc.assert(
    fc.property(vocabularies, word, fc.integer(), ({ tokenizer, canonical }, letters, seed) => {
      const dice = random(`cut/${seed}`);
      const tokens = cut(letters.join(""), () => 1 + dice.below(3), tokenizer);
      const isOwn = (some: readonly number[]) =>
        tokenizer.encode(tokenizer.decode(some)).join() === some.join();
      const pairwise = tokens.every(
        (token, i) => isOwn([token]) && (i === 0 || isOwn([tokens[i - 1]!, token])),
      );
      expect(pairwise).toBe(isOwn(tokens));
      let state: CanonicalState | undefined = canonical.start;
      for (const token of tokens) state = state && canonical.after(state, token);
      expect(state !== undefined).toBe(isOwn(tokens));
    }),
    { numRuns: 1000, endOnFailure: true },
  );
});

test("a vocabulary that was learnt: its own text, and what does not belong", () => {
  const { canonical } = learnt;
  const tokens = learnt.tokenizer.encode(someText);
  expect(() => stateOf(canonical, tokens)).not.toThrow();
  const bytes = [...new TextEncoder().encode("at")].map((byte) =>
    learnt.vocabulary.tokens.findIndex((token) => token.length === 1 && token[0] === byte),
  );
  expect(() => stateOf(canonical, bytes)).toThrow(
    /^token 1: expected one that keeps the encoding canonical, got/,
  );
  const never = learnt.vocabulary.tokens.findIndex((token) => token.length === 1 && token[0] === 0xff);
  expect(canonical.after(canonical.start, never)).toBeUndefined();
});

const marked = (marks: Uint8Array) => [...marks.keys()].filter((token) => marks[token] === 1);

function* textsUpTo(some: readonly string[], length: number): Generator<string> {
  yield "";
  if (length === 0) return;
  for (const rest of textsUpTo(some, length - 1))
    for (const one of some) if ([...rest].length === length - 1 || rest === "") yield rest + one;
}

/** A word cut anywhere, each part as its encoding: often not what the whole is encoded to. */
function cut(word: string, size: () => number, tokenizer: { encode(text: string): Int32Array }): number[] {
  const letters = [...word];
  const tokens: number[] = [];
  while (letters.length > 0) tokens.push(...tokenizer.encode(letters.splice(0, size()).join("")));
  return tokens;
}
