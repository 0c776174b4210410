import fc from "fast-check";
import { expect, test } from "vitest";
import { bytesByCharacter } from "./byte-characters.ts";
import { preTokens } from "./pre-tokens.ts";
import {
  TrainingCancelled,
  type TrainingProgress,
  tokenizerTraining,
  trainTokenizer,
} from "./train-tokenizer.ts";

/** Merges as the definition has them: count every pair anew, merge the commonest everywhere, again. */
function slowly(documents: readonly string[], vocabulary: number): string[] {
  const name = (bytes: readonly number[]) => bytes.join(".");
  const words = documents
    .flatMap((text) => preTokens(text))
    .map((word) => [...new TextEncoder().encode(word)].map((byte) => name([byte])));
  const ids = new Map([...bytesByCharacter].map((byte, i) => [name([byte]), i + 1]));
  const learnt: string[] = [];
  while (ids.size + 1 < vocabulary) {
    const counts = new Map<string, number>();
    for (const word of words)
      for (let i = 0; i + 1 < word.length; i++) {
        const pair = `${word[i]} ${word[i + 1]}`;
        counts.set(pair, (counts.get(pair) ?? 0) + 1);
      }
    let best: { pair: string; count: number; order: readonly [number, number] } | undefined;
    for (const [pair, count] of counts) {
      const [left, right] = pair.split(" ") as [string, string];
      const order = [ids.get(left)!, ids.get(right)!] as const;
      const first =
        best === undefined ||
        count > best.count ||
        (count === best.count &&
          (order[0] < best.order[0] || (order[0] === best.order[0] && order[1] < best.order[1])));
      if (count >= 2 && first) best = { pair, count, order };
    }
    if (best === undefined) break;
    learnt.push(best.pair);
    const [left, right] = best.pair.split(" ") as [string, string];
    const into = `${left}.${right}`;
    if (!ids.has(into)) ids.set(into, ids.size + 1);
    for (const word of words)
      for (let i = 0; i + 1 < word.length; i++)
        if (word[i] === left && word[i + 1] === right) word.splice(i, 2, into);
  }
  return learnt;
}

/** A tokenizer's merges in the same words, read from what it saves. */
function mergesOf(json: string): string[] {
  const characters = new Map<string, number>();
  const file = JSON.parse(json);
  for (const [i, byte] of bytesByCharacter.entries()) {
    const character = Object.keys(file.model.vocab).find((name) => file.model.vocab[name] === i + 1)!;
    characters.set(character, byte);
  }
  const bytes = (name: string) => [...name].map((character) => characters.get(character)).join(".");
  return file.model.merges.map(([a, b]: [string, string]) => `${bytes(a)} ${bytes(b)}`);
}

test("the merges are those of the definition", () => {
  const text = fc.string({ unit: fc.constantFrom("a", "b", "c", " ", "é"), minLength: 20, maxLength: 120 });
  let merged = 0;
  fc.assert(
    fc.property(fc.array(text, { minLength: 1, maxLength: 4 }), (documents) => {
      const expected = slowly(documents, 290);
      merged += expected.length;
      expect(mergesOf(trainTokenizer(documents, { vocabulary: 290 }).toJson())).toEqual(expected);
    }),
    { numRuns: 150 },
  );
  expect(merged).toBeGreaterThan(1000);
});

test("ties go to the pair of smaller ids, runs of one letter are merged from the left", () => {
  const tokenizer = trainTokenizer(["aaaaa bb cc aaaaa bb cc"], { vocabulary: 259 });
  // 8 times "aa", overlapping; then of the many pairs that stand twice the one of the smallest ids.
  expect(mergesOf(tokenizer.toJson())).toEqual(["97 97", "98 98"]);
  expect(Array.from(tokenizer.encode("aaaaa"), (id) => tokenizer.byteLengths[id])).toEqual([2, 2, 1]);
});

test("the same documents give the same bytes", () => {
  const documents = ["the cat sat on the mat", "él niño comió piñas", "日本語の文字と日本語の音"];
  const json = trainTokenizer(documents, { vocabulary: 300 }).toJson();
  expect(trainTokenizer([...documents], { vocabulary: 300 }).toJson()).toBe(json);
  expect(trainTokenizer(documents.slice(1), { vocabulary: 300 }).toJson()).not.toBe(json);
});

test("a small text gives a smaller vocabulary than wanted, no text the bytes alone", () => {
  const small = trainTokenizer(["aa aa"], { vocabulary: 1000 });
  expect(small.vocabularySize).toBe(258); // "aa"; " aa" stands once
  expect(trainTokenizer([], { vocabulary: 1000 }).vocabularySize).toBe(257);
  expect(trainTokenizer(["abc abc abc"], { vocabulary: 257 }).vocabularySize).toBe(257);
});

test("a vocabulary that cannot be is refused", () => {
  for (const vocabulary of [256, 65537, 300.5, Number.NaN])
    expect(() => trainTokenizer(["a"], { vocabulary })).toThrow(
      `tokenizer, vocabulary: expected a whole number from 257 to 65536, got ${vocabulary}`,
    );
});

const long = Array.from({ length: 40_000 }, (_, i) => `w${(i * 7919) % 5003}x`).join(" ");

test("training reports each phase, in order, up to its end", () => {
  const seen: TrainingProgress[] = [];
  trainTokenizer([long, long], { vocabulary: 600, progress: (progress) => seen.push(progress) });
  const phases = seen.map(({ phase }) => phase).filter((phase, i, all) => phase !== all[i - 1]);
  expect(phases).toEqual(["reading", "indexing", "merging"]);
  const reading = seen.filter(({ phase }) => phase === "reading");
  expect(reading.length).toBeGreaterThan(5);
  expect(reading.at(-1)).toEqual({ phase: "reading", done: long.length * 2, of: long.length * 2 });
  expect(seen.at(-1)).toEqual({ phase: "merging", done: 600, of: 600 });
});

test("training stops when it is cancelled, between two steps", () => {
  let asked = 0;
  const cancelled = () => ++asked > 3;
  expect(() => trainTokenizer([long], { vocabulary: 600, cancelled })).toThrow(TrainingCancelled);
  expect(asked).toBe(4);
});

test("the steps of the generator end with the same tokenizer", () => {
  const training = tokenizerTraining([long], { vocabulary: 500 });
  let step = training.next();
  let steps = 0;
  for (; !step.done; step = training.next()) steps += 1;
  expect(steps).toBeGreaterThan(5);
  expect(step.value.toJson()).toBe(trainTokenizer([long], { vocabulary: 500 }).toJson());
});
