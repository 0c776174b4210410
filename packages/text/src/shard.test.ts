import fc from "fast-check";
import { expect, test } from "vitest";
import { heldOutBatches } from "./batches.ts";
import { packDocuments, packing, predictedTokens, shardBytes } from "./shard.ts";
import { decodeShard, encodeShard } from "./shard-file.ts";
import { trainTokenizer } from "./train-tokenizer.ts";

const documents = ["Ein Text, und noch ein Text.", "日本語の文字、日本語の音。", "😀", "a b c d e f g", ""];
const tokenizer = trainTokenizer([...documents, ...documents], { vocabulary: 280 });
const someDocuments = fc.array(fc.string({ unit: "binary", maxLength: 80 }), { minLength: 1, maxLength: 6 });
const contexts = fc.integer({ min: 1, max: 20 });

test("every document is there once, whole, between two ends of document", () => {
  const { stream } = packDocuments(documents, tokenizer, { context: 8, seed: "1" });
  const found: string[] = [];
  let start = 1;
  for (let i = 1; i < stream.length; i++) {
    if (stream[i] !== tokenizer.endOfDocument) continue;
    found.push(tokenizer.decode(stream.subarray(start, i)));
    start = i + 1;
  }
  expect(stream[0]).toBe(tokenizer.endOfDocument);
  expect(start).toBe(stream.length);
  expect(found.sort()).toEqual([...documents].sort());
});

test("the seed gives the order of the documents", () => {
  const many = Array.from({ length: 30 }, (_, i) => `text ${i}`);
  const order = (seed: string) => packDocuments(many, tokenizer, { context: 8, seed }).stream;
  expect(order("1")).toEqual(order("1"));
  expect(order("1")).not.toEqual(order("2"));
});

test("each token but the first is predicted exactly once, in rows that overlap by one token", () => {
  fc.assert(
    fc.property(someDocuments, contexts, (documents, context) => {
      const shard = packDocuments(documents, tokenizer, { context, seed: "1" });
      const [batch, ...none] = heldOutBatches(shard, { batch: shard.rows, sampleRows: "all", seed: 1 });
      expect(none).toEqual([]);
      const counted = [...batch!.targets].filter((target) => target !== -100);
      expect(counted).toEqual([...shard.stream.subarray(1)]);
      for (const [i, target] of batch!.targets.entries())
        if (target !== -100) expect(batch!.inputs[i]).toBe(shard.stream[i]); // rows lie end to end
      expect(batch!.tokens).toBe(predictedTokens(shard));
    }),
  );
});

test("bytes are those of the text, counted exactly, row by row", () => {
  fc.assert(
    fc.property(someDocuments, contexts, (documents, context) => {
      const shard = packDocuments(documents, tokenizer, { context, seed: "1" });
      const text = documents.reduce((sum, text) => sum + new TextEncoder().encode(text).length, 0);
      expect(shardBytes(shard)).toBe(text);
      for (let row = 0; row < shard.rows; row++) {
        const predicted = shard.stream.subarray(row * context + 1, (row + 1) * context + 1);
        expect(shard.rowBytes[row]).toBe(tokenizer.decodeBytes(predicted).length);
      }
    }),
  );
});

test("packing goes in steps, also within a long document", () => {
  const long = "some words and more, ".repeat(10_000);
  const work = packing([long, "short"], tokenizer, { context: 16, seed: "1" });
  let steps = 0;
  let step = work.next();
  for (; !step.done; step = work.next()) {
    steps += 1;
    expect(step.value.of).toBe(long.length + 5);
  }
  expect(steps).toBeGreaterThan(5);
  expect(step.value).toEqual(packDocuments([long, "short"], tokenizer, { context: 16, seed: "1" }));
  expect(step.value.stream.length).toBe(tokenizer.encode(long).length + tokenizer.encode("short").length + 3);
});

test("what cannot be packed is an error", () => {
  expect(() => packDocuments([], tokenizer, { context: 8, seed: "1" })).toThrow(/at least one document/);
  for (const context of [0, 1.5])
    expect(() => packDocuments(["a"], tokenizer, { context, seed: "1" })).toThrow(/context/);
});

test("a shard's bytes come back as the shard", () => {
  fc.assert(
    fc.property(someDocuments, contexts, (documents, context) => {
      const shard = packDocuments(documents, tokenizer, { context, seed: "1" });
      expect(decodeShard(encodeShard(shard), tokenizer.vocabularySize)).toEqual(shard);
    }),
  );
});

test("bytes that are not the shard that was written are refused", () => {
  const shard = packDocuments(documents, tokenizer, { context: 8, seed: "1" });
  const bytes = encodeShard(shard);
  const size = tokenizer.vocabularySize;
  for (let at = 0; at < bytes.length; at++) {
    const changed = bytes.slice();
    changed[at] = changed[at]! ^ 0x10;
    expect(() => decodeShard(changed, size), `byte ${at}`).toThrow(/^shard/);
  }
  for (let length = 0; length < bytes.length; length++)
    expect(() => decodeShard(bytes.subarray(0, length), size), `${length} bytes`).toThrow(/^shard/);
  expect(() => decodeShard(new Uint8Array([...bytes, 0]), size)).toThrow(/^shard: expected \d+ bytes/);
  // The tokens of another, smaller vocabulary.
  const largest = Math.max(...shard.stream);
  expect(() => decodeShard(bytes, largest)).toThrow(`expected a token below ${largest}, got ${largest}`);
});
