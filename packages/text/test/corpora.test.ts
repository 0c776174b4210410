// Real text: eight corpora, four scripts and a programming language. Our encoding is compared token for token with
// that of Hugging Face's own JavaScript library, which reads the tokenizer.json that we write.

import { readFileSync } from "node:fs";
import { Tokenizer as Reference } from "@huggingface/tokenizers";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { corpora, corpusSources, hasCorpora } from "../../../test/corpora.ts";
import {
  heldOutBatches,
  packDocuments,
  parseDocuments,
  shardBytes,
  tokenizerFromJson,
  trainTokenizer,
  unigram,
  utf8Length,
} from "../src/index.ts";

/** Documents up to about so many characters; the last one is cut. */
function documentsOf(source: string, file: "train" | "valid", characters: number): string[] {
  const name = `${corpora}/${source}/${file}.jsonl`;
  const taken: string[] = [];
  let left = characters;
  for (const document of parseDocuments(name, readFileSync(name, "utf8"))) {
    if (left <= 0) break;
    taken.push([...document.slice(0, left * 2)].slice(0, left).join(""));
    left -= document.length;
  }
  return taken;
}

function reference(json: string): (text: string) => readonly number[] {
  const tokenizer = new Reference(JSON.parse(json), {});
  return (text) => tokenizer.encode(text, { add_special_tokens: false }).ids;
}

describe.skipIf(!hasCorpora)("on real text", () => {
  test.each(corpusSources)("%s: token for token as Hugging Face's library, and back", (source) => {
    const json = trainTokenizer(documentsOf(source, "train", 300_000), { vocabulary: 2048 }).toJson();
    const tokenizer = tokenizerFromJson(json);
    const theirs = reference(json);
    expect(tokenizer.vocabularySize).toBe(2048);
    let tokens = 0;
    for (const document of documentsOf(source, "valid", 100_000)) {
      const ids = tokenizer.encode(document);
      tokens += ids.length;
      expect(Array.from(ids)).toEqual(theirs(document));
      expect(tokenizer.decode(ids)).toBe(document);
    }
    expect(tokens).toBeGreaterThan(10_000);
  });

  test("a large vocabulary over all of them", () => {
    const documents = corpusSources.flatMap((source) => documentsOf(source, "train", 100_000));
    const json = trainTokenizer(documents, { vocabulary: 16_384 }).toJson();
    const [tokenizer, theirs] = [tokenizerFromJson(json), reference(json)];
    expect(tokenizer.vocabularySize).toBe(16_384);
    for (const source of corpusSources)
      for (const document of documentsOf(source, "valid", 20_000))
        expect(Array.from(tokenizer.encode(document))).toEqual(theirs(document));
  });

  test("any text at all", () => {
    const json = trainTokenizer(documentsOf("tr", "train", 50_000), { vocabulary: 1000 }).toJson();
    const [tokenizer, theirs] = [tokenizerFromJson(json), reference(json)];
    const text = fc.string({ unit: "binary", maxLength: 50 });
    const words = fc
      .array(
        fc.constantFrom(
          "ve",
          "'s",
          "'S",
          " ",
          "  ",
          "\r\n",
          "İ",
          "ı",
          "½",
          "Ⅷ",
          "\u0301",
          "\u00a0",
          "\u3000",
          "😀",
        ),
      )
      .map((parts) => parts.join(""));
    fc.assert(
      fc.property(fc.oneof(text, words), (text) => {
        expect(Array.from(tokenizer.encode(text))).toEqual(theirs(text));
      }),
      { numRuns: 500 },
    );
  });

  test("ends of documents written in a text: as their library without its special token", () => {
    const file = JSON.parse(trainTokenizer(documentsOf("en", "train", 50_000), { vocabulary: 600 }).toJson());
    const tokenizer = tokenizerFromJson(JSON.stringify(file));
    const theirs = reference(JSON.stringify({ ...file, added_tokens: [] }));
    const text = "a text about <|endoftext|>, and <|endoftext|><|endoftext|>";
    expect(Array.from(tokenizer.encode(text))).toEqual(theirs(text));
    expect(theirs(text)).not.toContain(tokenizer.endOfDocument);
  });

  test("bytes are counted exactly, and a unigram model scores what it should on real text", () => {
    const [train, valid] = [documentsOf("ja", "train", 100_000), documentsOf("ja", "valid", 30_000)];
    const tokenizer = trainTokenizer(train, { vocabulary: 1024 });
    const pack = (documents: string[]) => packDocuments(documents, tokenizer, { context: 64, seed: "1" });
    const heldOut = pack(valid);
    expect(shardBytes(heldOut)).toBe(valid.reduce((sum, text) => sum + utf8Length(text), 0));
    const batches = [...heldOutBatches(heldOut, { batch: 8, sampleRows: "all", seed: 1 })];
    const score = unigram(pack(train), batches, 1024);
    expect(score.bytes).toBe(shardBytes(heldOut));
    // Better than tokens of equal probability, worse than any compressor of text.
    expect(score.bitsPerByte).toBeLessThan((Math.log2(1024) * score.tokens) / score.bytes);
    expect(score.bitsPerByte).toBeGreaterThan(1);
  });
});
