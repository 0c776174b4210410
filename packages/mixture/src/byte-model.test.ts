import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { tableModel } from "../test/table-model.ts";
import { characters, type Drawn, drawnVocabulary, learntVocabulary, someText } from "../test/vocabularies.ts";
import { byteModelOf, endOfText } from "./byte-model.ts";
import type { CanonicalState } from "./canonical.ts";
import { logProbabilities } from "./text.ts";
import { firstPrefix, longer, type Prefix, type TokenModel } from "./token-model.ts";

const drawn = [0, 5, 10, 20, 40, 60].map((merges, i) => drawnVocabulary(100 + i, merges));
const vocabularies = fc.constantFrom(...drawn);
const texts = fc
  .array(fc.constantFrom(...characters, "t", "😀"), { maxLength: 6 })
  .map((list) => list.join(""));
const utf8 = new TextEncoder();
const models = new Map(drawn.map((one, i) => [one, tableModel(one.vocabulary, `${i}`)]));

/** By the definition: a softmax over those tokens alone that keep the encoding canonical. */
async function shares({ canonical }: Drawn, model: TokenModel, prefix: Prefix, state: CanonicalState) {
  const allowed = canonical.allowed(state);
  const weights = [...(await model.logits(prefix))].map((logit, token) =>
    allowed[token] === 1 ? Math.exp(logit) : 0,
  );
  const sum = weights.reduce((total, weight) => total + weight, 0);
  return weights.map((weight) => weight / sum);
}

/** The sum over all canonical token sequences that cover the bytes, each token of the vocabulary tried at each place. */
async function enumerated(one: Drawn, model: TokenModel, bytes: Uint8Array): Promise<number> {
  const { canonical, vocabulary } = one;
  const covering = async (prefix: Prefix, state: CanonicalState, rest: Uint8Array): Promise<number> => {
    if (rest.length === 0) return 1;
    const p = await shares(one, model, prefix, state);
    let sum = 0;
    for (const [token, own] of vocabulary.tokens.entries()) {
      const common = Math.min(own.length, rest.length);
      if (p[token] === 0 || token === vocabulary.endOfDocument) continue;
      if (own.subarray(0, common).some((byte, i) => byte !== rest[i])) continue;
      const after = canonical.after(state, token)!;
      sum += p[token]! * (await covering(longer(prefix, token), after, rest.subarray(common)));
    }
    return sum;
  };
  return await covering(firstPrefix(vocabulary), canonical.start, bytes);
}

describe("[M4] a beginning of a text has the sum over all canonical prefixes that cover it", () => {
  test("as enumeration of token sequences has it, byte by byte, and outcomes sum to 1", async () => {
    await fc.assert(
      fc.asyncProperty(vocabularies, texts, async (one, text) => {
        const model = models.get(one)!;
        let state = byteModelOf(model).start();
        let before = 1;
        const bytes = utf8.encode(text);
        for (const [i, byte] of bytes.entries()) {
          const next = await state.next();
          expect(next.reduce((sum, p) => sum + p, 0)).toBeCloseTo(1, 12);
          const whole = await enumerated(one, model, bytes.subarray(0, i + 1));
          expect(next[byte]! / (whole / before)).toBeCloseTo(1, 10);
          expect(Math.exp(await state.logProbability(byte)) / next[byte]!).toBeCloseTo(1, 12);
          before = whole;
          state = await state.after(byte);
        }
      }),
      { numRuns: 60, endOnFailure: true },
    );
  });

  test("every byte that can come next, not only the one that comes", async () => {
    for (const one of drawn.slice(2)) {
      const model = models.get(one)!;
      for (const text of ["", "a", "'", "  ", "l'r"]) {
        let state = byteModelOf(model).start();
        const bytes = utf8.encode(text);
        for (const byte of bytes) state = await state.after(byte);
        const whole = await enumerated(one, model, bytes);
        for (const [byte, p] of (await state.next()).subarray(0, 256).entries()) {
          const with_ = await enumerated(one, model, Uint8Array.of(...bytes, byte));
          expect(Math.abs(p - with_ / whole)).toBeLessThan(1e-12);
          expect(p === 0).toBe(with_ === 0);
        }
      }
    }
  });
});

test("[M5] a whole text has the probability of its encoding's tokens", async () => {
  const { tokenizer, vocabulary, canonical } = learntVocabulary([someText, someText], 400);
  const model = tableModel(vocabulary, "text");
  const one = { tokenizer, vocabulary, canonical };
  for (const text of ["", "a cat's hats", "日本語  'll 12\n\n", someText]) {
    let [prefix, state, nats] = [firstPrefix(vocabulary), canonical.start, 0];
    for (const token of [...tokenizer.encode(text), vocabulary.endOfDocument]) {
      nats -= Math.log((await shares(one, model, prefix, state))[token]!);
      if (token === vocabulary.endOfDocument) break;
      prefix = longer(prefix, token);
      state = canonical.after(state, token)!;
    }
    const found = await logProbabilities(byteModelOf(model), text);
    expect(found).toHaveLength(utf8.encode(text).length + 1);
    expect(-found.reduce((sum, one) => sum + one, 0)).toBeCloseTo(nats, 8);
  }
});

test("[M6] what may come is UTF-8, and a document ends only behind a whole character", async () => {
  const [one] = drawn;
  const model = byteModelOf(models.get(one!)!);
  const behind = async (...bytes: number[]) => {
    let state = model.start();
    for (const byte of bytes) state = await state.after(byte);
    return await state.next();
  };
  const possible = (next: Float64Array) => [...next.keys()].filter((outcome) => next[outcome]! > 0);
  expect(possible(await behind())).toEqual([
    ...Array.from({ length: 0x80 }, (_, byte) => byte),
    ...Array.from({ length: 0xf5 - 0xc2 }, (_, i) => 0xc2 + i),
    endOfText,
  ]);
  expect(possible(await behind(0xe0))).toEqual(Array.from({ length: 0x20 }, (_, i) => 0xa0 + i));
  expect(possible(await behind(0xed))).toEqual(Array.from({ length: 0x20 }, (_, i) => 0x80 + i));
  expect(possible(await behind(0xf4))).toEqual(Array.from({ length: 0x10 }, (_, i) => 0x80 + i));
  await expect(behind(0xff)).rejects.toThrow("byte: expected one that UTF-8 can go on with, got 0xff");
});

test("[M7] the model is asked once about a prefix, and not about those that the next byte rules out", async () => {
  const { vocabulary } = learntVocabulary([someText, someText], 400);
  const model = tableModel(vocabulary, "asked");
  await logProbabilities(byteModelOf(model), someText.slice(0, 120));
  expect(new Set(model.asked).size).toBe(model.asked.length);
  const known = model.asked.length;
  let state = byteModelOf(model).start();
  for (const byte of utf8.encode(someText.slice(0, 120))) {
    await state.next();
    state = await state.after(byte);
  }
  expect(known).toBeLessThan(model.asked.length - known);
});
