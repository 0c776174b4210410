import { utf8Length } from "@homebody/text";
import { expect, test } from "vitest";
import { accuracyOf, type Pair, pairAccuracy, pairsFromText, type Scorer } from "../src/index.ts";
import { documentsOf, english, prepare } from "./small.ts";

const documents = documentsOf(english, 40, "pairs");
const { tokenizer } = prepare(documents);

const wordsOf = (sentence: string) => sentence.split(" ");

test("swapped: two neighbours of a sentence have changed places, never the first word", () => {
  const pairs = pairsFromText(documents, { language: "en", count: 30, seed: "1" });
  const swapped = pairs.filter(({ kind }) => kind === "swapped");
  expect(swapped).toHaveLength(30);
  for (const { good, bad } of swapped) {
    expect(documents.some((document) => document.includes(good))).toBe(true);
    const [a, b] = [wordsOf(good), wordsOf(bad)];
    const at = a.findIndex((word, i) => word !== b[i]);
    expect(at).toBeGreaterThan(0);
    const back = [...b.slice(0, at), b[at + 1], b[at], ...b.slice(at + 2)];
    // The full stop stays where it was.
    expect(back.map((word) => word!.replace(".", ""))).toEqual(a.map((word) => word.replace(".", "")));
  }
});

test("replaced: one word is another of as many bytes, about as common", () => {
  const counts = new Map<string, number>();
  for (const word of documents.join(" ").match(/\w+/g)!) counts.set(word, (counts.get(word) ?? 0) + 1);
  const pairs = pairsFromText(documents, { language: "en", count: 30, seed: "1" });
  const replaced = pairs.filter(({ kind }) => kind === "replaced");
  expect(replaced).toHaveLength(30);
  for (const { good, bad } of replaced) {
    const [a, b] = [good.match(/\w+/g)!, bad.match(/\w+/g)!];
    const different = a.flatMap((word, i) => (word === b[i] ? [] : [[word, b[i]!] as const]));
    expect(different).toHaveLength(1);
    const [from, to] = different[0]!;
    expect(to.length).toBe(from.length);
    const ratio = counts.get(from)! / counts.get(to)!;
    expect(Math.max(ratio, 1 / ratio)).toBeLessThanOrEqual(2);
  }
});

test("the same text and seed give the same pairs, another seed others", () => {
  const make = (seed: string) => pairsFromText(documents, { language: "en", count: 10, seed });
  expect(make("1")).toEqual(make("1"));
  expect(make("1")).not.toEqual(make("2"));
});

test.each([
  ["zh", "数组函数返回一个新的列表。程序需要读取文件的内容。服务器发送消息给客户端。"],
  ["ja", "この関数は新しいリストを返します。配列は文字列の値を持ちます。例外が発生することがあります。"],
])("%s: words without spaces between them are swapped where they stand", (language, text) => {
  const pairs = pairsFromText([text], { language, count: 10, seed: "1" });
  const swapped = pairs.filter(({ kind }) => kind === "swapped");
  expect(swapped.length).toBeGreaterThan(1);
  for (const { good, bad } of pairs) {
    expect(bad).not.toBe(good);
    expect(bad).not.toContain(" ");
    expect(utf8Length(bad)).toBe(utf8Length(good));
  }
  for (const { good, bad } of swapped) expect([...bad].sort()).toEqual([...good].sort());
});

test("a name that is no language's tag is no obstacle", () => {
  expect(pairsFromText(documents, { language: "our minutes", count: 5, seed: "1" })).toHaveLength(10);
});

test("accuracy: what is likelier wins, a tie counts half, by kind; from a document's start", async () => {
  const pairs: Pair[] = [
    { good: "aa", bad: "a", kind: "x" },
    { good: "aa", bad: "aaa", kind: "x" },
    { good: "bb", bad: "bb", kind: "y" },
  ];
  const seen: number[][] = [];
  const longerIsLikelier: Scorer = async (sequence) => {
    seen.push(Array.from(sequence));
    return sequence.length;
  };
  const found = await pairAccuracy(longerIsLikelier, tokenizer, pairs);
  expect(seen[0]).toEqual([tokenizer.endOfDocument, ...tokenizer.encode("aa")]);
  expect(found.get("x")).toMatchObject({ pairs: 2, right: 1, accuracy: 0.5 });
  expect(found.get("y")).toMatchObject({ pairs: 1, right: 0.5 });
});

test("Wilson's interval, against published values", () => {
  // Newcombe (1998), Statistics in Medicine 17, table I, method 3: 81 of 263, 15 of 148, 0 of 20, 1 of 29.
  for (const [right, count, low, high] of [
    [81, 263, 0.2553, 0.3662],
    [15, 148, 0.0624, 0.1605],
    [0, 20, 0, 0.1611],
    [1, 29, 0.0061, 0.1718],
  ] as const) {
    const { interval } = accuracyOf(right, count);
    expect(interval[0]).toBeCloseTo(low, 4);
    expect(interval[1]).toBeCloseTo(high, 4);
  }
  expect(() => accuracyOf(0, 0)).toThrow("minimal pairs: expected at least one, got 0");
});
