import fc from "fast-check";
import { expect, test } from "vitest";
import { pieces, preTokens } from "./pre-tokens.ts";

test("words keep the space before them; numbers, punctuation and white space are apart", () => {
  expect(preTokens("Hello, it's 2024!  ok\n\n  ni\u00f1o")).toEqual([
    "Hello",
    ",",
    " it",
    "'s",
    " 2024",
    "!",
    " ",
    " ok",
    "\n\n ",
    " ni\u00f1o",
  ]);
});

test("nothing of a text is lost", () => {
  fc.assert(
    fc.property(fc.string({ unit: "binary" }), (text) => {
      expect(preTokens(text).join("")).toBe(text);
    }),
  );
});

test("a long text has the same pre-tokens in pieces as in one", () => {
  const chunk = fc.string({
    unit: fc.constantFrom("a", " ", "\n", "'s", "7", ",", "é", "日", "😀", "\t"),
    minLength: 5,
    maxLength: 60,
  });
  let several = 0;
  fc.assert(
    fc.property(chunk, fc.constantFrom(32_768, 50_000, 100_000), (chunk, length) => {
      const text = chunk.repeat(Math.ceil(length / chunk.length));
      const list = [...pieces(text)];
      if (list.length > 1) several += 1;
      expect(list.join("")).toBe(text);
      expect(list.flatMap(preTokens).join("\u0001")).toBe(preTokens(text).join("\u0001"));
    }),
    { numRuns: 60 },
  );
  expect(several).toBeGreaterThan(10);
});

test("a long text without white space is one piece", () => {
  expect([...pieces("日".repeat(100_000))].length).toBe(1);
  expect([...pieces("")]).toEqual([]);
});
