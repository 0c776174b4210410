import { describe, expect, test } from "vitest";
import { leastTextBytes, splitOf, vocabularySample } from "./texts.ts";

const bytesOf = (documents: readonly string[]) =>
  documents.reduce((sum, text) => sum + new TextEncoder().encode(text).length, 0);
const documents = (letter: string, count: number, size: number) =>
  Array.from({ length: count }, (_, i) => `${letter}${i}`.padEnd(size, letter));

describe("the sample that a vocabulary for all sources is trained on", () => {
  const texts = new Map([
    ["es", documents("e", 100, 10)],
    ["ru", documents("р", 100, 20)],
    ["sw", documents("s", 3, 10)],
  ]);
  const of = (sample: readonly string[], id: string) =>
    sample.filter((text) => texts.get(id)!.includes(text));

  test("has an equal share of bytes of each source, whole documents, and all of a small one", () => {
    const sample = vocabularySample(texts, 900, 7);
    expect(bytesOf(of(sample, "es"))).toBe(300);
    const russian = of(sample, "ru"); // about 38 bytes each: two a letter
    const largest = Math.max(...russian.map((text) => bytesOf([text])));
    expect(bytesOf(russian)).toBeGreaterThanOrEqual(300);
    expect(bytesOf(russian)).toBeLessThan(300 + largest);
    expect(new Set(of(sample, "sw"))).toEqual(new Set(texts.get("sw")));
    expect(new Set(sample).size).toBe(sample.length);
  });

  test("is drawn by the seed: the same again, another of another seed, and not the beginning of a text", () => {
    const sample = vocabularySample(texts, 900, 7);
    expect(vocabularySample(texts, 900, 7)).toEqual(sample);
    expect(new Set(vocabularySample(texts, 900, 8))).not.toEqual(new Set(sample));
    expect(new Set(of(sample, "es"))).not.toEqual(new Set(texts.get("es")!.slice(0, 30)));
  });

  test("of a source it is the same whatever other sources there are, but for their share", () => {
    const alone = vocabularySample(new Map([["es", texts.get("es")!]]), 300, 7);
    expect(of(vocabularySample(texts, 900, 7), "es")).toEqual(alone);
  });
});

test("what is held out is a source's own matter, by the run's seed", () => {
  const run = (seed: number) => ({
    heldOut: { share: 0.2, sampleRows: "all" as const, leastBytes: 1 },
    training: { seed },
  });
  const text = documents("e", 50, 10);
  const split = splitOf(run(1), "es", text);
  expect(bytesOf(split.heldOut)).toBe(0.2 * bytesOf(text));
  expect(splitOf(run(1), "es", text)).toEqual(split);
  expect(splitOf(run(1), "ru", text)).not.toEqual(split);
  expect(splitOf(run(2), "es", text)).not.toEqual(split);
});

test("a volunteer brings so much text that what is held out of it is enough", () => {
  const of = (share: number) => leastTextBytes({ heldOut: { share, sampleRows: "all", leastBytes: 50 } });
  expect([of(0.1), of(0.5), of(0)]).toEqual([500, 100, 5000]);
});
