import fc from "fast-check";
import { expect, test } from "vitest";
import { settledTokens } from "./settled.ts";
import { trainTokenizer } from "./train-tokenizer.ts";

const tokenizer = trainTokenizer(["they're we're you're the others' cats, we'll  see\n\n日本語の 12 120"], {
  vocabulary: 290,
});
/** Characters, and parts of contractions, which are one pre-token or two. */
const parts = [..."ser'l \n\t1.é日", "\u00a0", "😀", "e'r", "e'l"];
const texts = fc.array(fc.constantFrom(...parts), { maxLength: 8 }).map((list) => list.join(""));

test("[M14] every text that begins so is encoded to these tokens and others", () => {
  fc.assert(
    fc.property(texts, texts, (text, more) => {
      const settled = settledTokens(tokenizer, text);
      expect(tokenizer.encode(text + more).slice(0, settled.length)).toEqual(settled);
    }),
    { numRuns: 2000 },
  );
});

test("all but two pre-tokens are settled", () => {
  expect(tokenizer.decode(settledTokens(tokenizer, "they see we'r"))).toBe("they see we");
  expect(settledTokens(tokenizer, "they")).toHaveLength(0);
});
