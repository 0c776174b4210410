// The exported tokenizer on real text, as Hugging Face's own JavaScript library (the tokenizers of transformers.js) reads it.

import { readFileSync } from "node:fs";
import { endOfDocumentText, parseDocuments, trainTokenizer } from "@homebody/text";
import { Tokenizer as Reference } from "@huggingface/tokenizers";
import { describe, expect, test } from "vitest";
import { corpora, corpusSources, hasCorpora } from "../../../test/corpora.ts";
import { hf } from "../src/index.ts";
import { modelOf, shapes, tokenizer as smallTokenizer } from "./small.ts";

/** As a library finds it in the folder: both files. */
function readBy(tokenizer: typeof smallTokenizer): Reference {
  const files = hf.files({ ...modelOf(shapes[0]!, tokenizer.vocabularySize), tokenizer }, "");
  const json = (name: string) => JSON.parse(new TextDecoder().decode(files.get(name)));
  return new Reference(json("tokenizer.json"), json("tokenizer_config.json"));
}

const documentsOf = (source: string, file: string, count: number): readonly string[] => {
  const name = `${corpora}/${source}/${file}.jsonl`;
  return parseDocuments(name, readFileSync(name, "utf8"))
    .slice(0, count)
    .map((text) => [...text].slice(0, 4000).join(""));
};

describe.skipIf(!hasCorpora)("on real text", () => {
  test.each(corpusSources)("[X4] %s: the same ids, nothing added, and the text comes back", (source) => {
    const tokenizer = trainTokenizer(documentsOf(source, "train", 30), { vocabulary: 1000 });
    const theirs = readBy(tokenizer);
    for (const text of documentsOf(source, "valid", 10)) {
      const { ids } = theirs.encode(text);
      expect(ids).toEqual(Array.from(tokenizer.encode(text)));
      expect(theirs.decode(ids)).toBe(text);
    }
  });
});

test("[X4] spaces before commas and at the ends stay, and an end of document is one token", () => {
  const theirs = readBy(smallTokenizer);
  const text = " the body , the words do n't travel .  ";
  expect(theirs.decode(theirs.encode(text).ids)).toBe(text);
  const end = smallTokenizer.endOfDocument;
  expect(theirs.encode(`${endOfDocumentText}the`).ids).toEqual([end, ...smallTokenizer.encode("the")]);
});
