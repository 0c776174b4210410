// How fast text becomes a tokenizer and a packed shard: npx tsx bench/text.ts FILE.jsonl... [--vocabulary N] [--megabytes N]
//
// One line of JSON a file, or with --megabytes one for all files together, repeated with rotated words until they are
// that large (repetition alone would not grow the number of different words). `longestStepMs` is how long a worker
// would not have answered.

import { readFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { packing, parseDocuments, type Tokenizer, tokenizerTraining, utf8Length } from "@homebody/text";

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    vocabulary: { type: "string", default: "2048" },
    megabytes: { type: "string" },
    context: { type: "string", default: "128" },
  },
});
const vocabulary = Number(values.vocabulary);
const texts = new Map(positionals.map((file) => [file, parseDocuments(file, readFileSync(file, "utf8"))]));

if (values.megabytes === undefined) for (const [file, documents] of texts) measure(file, documents);
else measure(positionals.join(" "), enlarged([...texts.values()].flat(), Number(values.megabytes) * 1e6));

function measure(name: string, documents: readonly string[]): void {
  const bytes = documents.reduce((sum, text) => sum + utf8Length(text), 0);
  const training = timed<Tokenizer>(tokenizerTraining(documents, { vocabulary }));
  const tokenizer = training.value;
  const packed = timed(packing(documents, tokenizer, { context: Number(values.context), seed: "1" }));
  const tokens = packed.value.stream.length - 1;
  const row = {
    name,
    megabytes: bytes / 1e6,
    vocabulary: tokenizer.vocabularySize,
    trainMBs: bytes / 1e3 / training.ms,
    packMBs: bytes / 1e3 / packed.ms,
    bytesPerToken: bytes / tokens,
    longestStepMs: Math.max(training.longestMs, packed.longestMs),
    peakMB: training.peakMB,
  };
  const rounded = Object.entries(row).map(([key, value]) => [
    key,
    typeof value === "number" ? Number(value.toPrecision(4)) : value,
  ]);
  console.log(JSON.stringify(Object.fromEntries(rounded)));
}

function timed<T>(work: Generator<unknown, T>): { value: T; ms: number; longestMs: number; peakMB: number } {
  const began = performance.now();
  let [last, longestMs, peak] = [began, 0, 0];
  for (;;) {
    const step = work.next();
    const now = performance.now();
    longestMs = Math.max(longestMs, now - last);
    last = now;
    peak = Math.max(peak, process.memoryUsage.rss());
    if (step.done) return { value: step.value, ms: now - began, longestMs, peakMB: peak / 1e6 };
  }
}

function enlarged(documents: readonly string[], wanted: number): string[] {
  const all: string[] = [];
  let size = 0;
  for (let copy = 0; size < wanted; copy++) {
    for (const text of documents) {
      // Every seventh letter, and another seventh in each copy, becomes another of its script.
      const other = (letter: string) => {
        const code = letter.codePointAt(0)!;
        if (copy === 0 || (code * 31 + copy) % 7 !== 0) return letter;
        return String.fromCodePoint(
          code < 0x4e00 ? code ^ 1 : 0x4e00 + ((code - 0x4e00 + copy * 97) % 20_000),
        );
      };
      const changed = text.replace(/\p{L}/gu, other);
      all.push(changed);
      size += utf8Length(changed);
      if (size >= wanted) break;
    }
  }
  return all;
}
