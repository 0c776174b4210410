import { utf8Length } from "@homebody/base";
import fc from "fast-check";
import { expect, test } from "vitest";
import { splitHeldOut } from "./held-out.ts";

const bytes = (documents: readonly string[]) => documents.reduce((sum, text) => sum + utf8Length(text), 0);

test("whole documents are held out, as many as fit in the share", () => {
  const documents = Array.from({ length: 100 }, (_, i) => `${i} `.padEnd(100, "x"));
  const { train, heldOut } = splitHeldOut(documents, 0.1, "seed");
  expect(heldOut.length).toBe(10);
  expect(new Set([...train, ...heldOut])).toEqual(new Set(documents));
  expect(splitHeldOut(documents, 0.1, "seed")).toEqual({ train, heldOut });
  expect(splitHeldOut(documents, 0.1, "another").heldOut).not.toEqual(heldOut);
});

test("few documents: the smallest is held out, if it is not much too large", () => {
  const documents = ["a".repeat(1000), "b".repeat(150), "c".repeat(900)];
  expect(splitHeldOut(documents, 0.07, "s")).toEqual({
    train: [documents[0], documents[2]],
    heldOut: [documents[1]],
  });
});

test("two long documents: the end of one is held out rather than half of the text", () => {
  const documents = [1, 2].map((n) => `${n} paragraph of some words.\n\n`.repeat(100));
  const { train, heldOut } = splitHeldOut(documents, 0.1, "s");
  expect(train.length).toBe(2);
  expect(heldOut.length).toBe(1);
  expect(bytes(heldOut) / bytes(documents)).toBeCloseTo(0.1, 1);
});

test("a single document is cut at the paragraph that is nearest to its share", () => {
  const paragraphs = Array.from({ length: 20 }, (_, i) => `Paragraph ${i}, a line\nand another.\n\n`);
  const { train, heldOut } = splitHeldOut([paragraphs.join("")], 0.1, "s");
  expect(heldOut).toEqual([paragraphs.slice(18).join("")]);
  expect(train).toEqual([paragraphs.slice(0, 18).join("")]);
});

test("without paragraphs it is cut at a line, a word, or between two characters", () => {
  const cut = (text: string) => splitHeldOut([text], 0.25, "s").heldOut[0];
  expect(cut("one line\nof some\nthat are here\nlast\n")).toBe("last\n");
  expect(cut("some words and nothing else at all")).toBe("at all");
  expect(cut("日本語の文字と音")).toBe("と音");
  expect(cut("😀😀😀😀")).toBe("😀");
  expect(cut("ab")).toBe("b");
});

test("what cannot be split is an error", () => {
  expect(() => splitHeldOut([], 0.1, "s")).toThrow("text: expected at least one document, got none");
  expect(() => splitHeldOut(["a"], 0.1, "s")).toThrow("text: expected at least two characters");
  expect(() => splitHeldOut(["😀"], 0.1, "s")).toThrow(/at least two characters/);
  for (const share of [1, -0.1, Number.NaN])
    expect(() => splitHeldOut(["ab"], share, "s")).toThrow(/^held-out share/);
});

test("whatever the documents, both sides have text and nothing is lost or in both", () => {
  const document = fc
    .array(fc.constantFrom("a", "é", "日", "😀", " ", "\n", "\n\n"), { minLength: 2, maxLength: 40 })
    .map((parts) => `x${parts.join("")}y`);
  fc.assert(
    fc.property(
      fc.array(document, { minLength: 1, maxLength: 8 }),
      fc.double({ min: 0, max: 0.99, noNaN: true }),
      fc.string(),
      (documents, share, seed) => {
        const { train, heldOut } = splitHeldOut(documents, share, seed);
        expect(bytes(train)).toBeGreaterThan(0);
        expect(bytes(heldOut)).toBeGreaterThan(0);
        expect(bytes(train) + bytes(heldOut)).toBe(bytes(documents));
        const whole = train.length + heldOut.length === documents.length;
        if (whole) expect([...train, ...heldOut].sort()).toEqual([...documents].sort());
        else {
          const cut = documents.findIndex((text, i) => train[i] !== text);
          expect(`${train[cut]}${heldOut[0]}`).toBe(documents[cut]);
          expect(heldOut.length).toBe(1);
        }
      },
    ),
    { numRuns: 300 },
  );
});
