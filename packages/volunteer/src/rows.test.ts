import { rowMapOf } from "@homebody/dept";
import { packDocuments, shardBytes, trainTokenizer, utf8Length } from "@homebody/text";
import { expect, test } from "vitest";
import { heldText, rowsOfText } from "./rows.ts";

const own = ["the body travels far and the words stay", "far travels the body, the words stay here"];
const other = ["the boat stays near the shore", "здесь"];
const tokenizer = trainTokenizer([...own, ...other, ...other], { vocabulary: 300 });
const pack = (documents: readonly string[]) => packDocuments(documents, tokenizer, { context: 8, seed: "1" });
const text = { tokenizer, train: pack(own), heldOut: pack(own.slice(1)), textBytes: 0 };
const rows = rowsOfText(300, text);
const held = heldText(text, rows);
const nameOf = (token: number) => tokenizer.decode([token]);

test("its own text is written in the tokens that it was, by their places", () => {
  for (const document of own) {
    const places = held.tokenizer.encode(document);
    expect(Array.from(places, (at) => rows.ids[at])).toEqual([...tokenizer.encode(document)]);
    expect(held.tokenizer.decode(places)).toBe(document);
  }
  expect(rows.ids[held.tokenizer.endOfDocument]).toBe(tokenizer.endOfDocument);
  expect(held.tokenizer.vocabularySize).toBe(rows.ids.length);
  expect(shardBytes(held.train)).toBe(own.reduce((sum, one) => sum + utf8Length(one), 0));
});

test("a token that is not held is written as its bytes, and a byte without a token is lost", () => {
  const [latin, cyrillic] = other as [string, string];
  expect(Array.from(tokenizer.encode(latin)).some((token) => !rows.ids.includes(token))).toBe(true);
  // Worked out from the names of tokens alone.
  const bytesHeld = new Set(Array.from(rows.ids, nameOf).filter((name) => name.length === 1));
  const expected = Array.from(tokenizer.encode(latin)).flatMap((token) =>
    rows.ids.includes(token) ? [nameOf(token)] : [...nameOf(token)].filter((letter) => bytesHeld.has(letter)),
  );
  const places = held.tokenizer.encode(latin);
  expect(Array.from(places, (at) => nameOf(rows.ids[at]!))).toEqual(expected);
  expect(expected.join("").length).toBeLessThan(latin.length); // some letters stand in no held token of their own
  expect([...held.tokenizer.encode(cyrillic)]).toEqual([]);
});

test("no tokenizer.json writes text as it does; where all rows are held, the tokenizer is the whole one", () => {
  expect(() => held.tokenizer.toJson()).toThrow(
    `tokenizer.json: expected a vocabulary of which no row is left out, got ${rows.ids.length} rows of 300`,
  );
  const all = heldText(
    text,
    rowMapOf(
      300,
      Array.from({ length: tokenizer.vocabularySize }, (_, id) => id),
    ),
  );
  expect(all.tokenizer).toBe(tokenizer);
  expect(all.train.stream).toEqual(text.train.stream);
});
