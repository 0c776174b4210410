import fc from "fast-check";
import { expect, test } from "vitest";
import { preTokens } from "./pre-tokens.ts";
import { decodeSoFar, textsOf, tokenizerFromJson } from "./tokenizer.ts";
import { trainTokenizer } from "./train-tokenizer.ts";

const text =
  "A cat and a cat's hat: 12 cats, 120 hats. El niño y la niña comían piñas. 日本語の文字、日本語の音。 " +
  "Привет, как дела? Привет всем! aaaaaaaa aaaaaaaaaaaa ababababab 😀😀 😀\n\n\tif (x == 10) { x += 10; }\n";
const tokenizer = trainTokenizer([text, text, text], { vocabulary: 420 });

/** The definition: as long as some adjacent pair was learnt, merge the one learnt first, leftmost first. */
function slowly(text: string): number[] {
  const { model } = JSON.parse(tokenizer.toJson());
  const ranks = new Map<string, { rank: number; into: number }>();
  for (const [rank, [a, b]] of model.merges.entries())
    ranks.set(`${model.vocab[a]} ${model.vocab[b]}`, { rank, into: model.vocab[a + b] });
  const byteIds = new Map<number, number>();
  for (let id = 1; id <= 256; id++) byteIds.set(tokenizer.decodeBytes([id])[0]!, id);
  return preTokens(text).flatMap((word) => {
    const ids = [...new TextEncoder().encode(word)].map((byte) => byteIds.get(byte)!);
    for (;;) {
      let best: { at: number; rank: number; into: number } | undefined;
      for (let at = 0; at + 1 < ids.length; at++) {
        const found = ranks.get(`${ids[at]} ${ids[at + 1]}`);
        if (found && (best === undefined || found.rank < best.rank)) best = { at, ...found };
      }
      if (best === undefined) return ids;
      ids.splice(best.at, 2, best.into);
    }
  });
}

const someText = fc.oneof(
  fc.string({ unit: "binary", maxLength: 60 }),
  fc
    .array(fc.constantFrom(...preTokens(text), "a", "aa", "ab", " ", "本"), { maxLength: 40 })
    .map((l) => l.join("")),
);

test("encoding is that of the definition", () => {
  fc.assert(
    fc.property(someText, (text) => {
      expect([...tokenizer.encode(text)]).toEqual(slowly(text));
    }),
    { numRuns: 500 },
  );
});

test("every text comes back, and its bytes are counted exactly", () => {
  fc.assert(
    fc.property(someText, (text) => {
      const ids = tokenizer.encode(text);
      expect(tokenizer.decode(ids)).toBe(text);
      const bytes = ids.reduce((sum, id) => sum + tokenizer.byteLengths[id]!, 0);
      expect(bytes).toBe(new TextEncoder().encode(text).length);
    }),
  );
});

test("a pre-token of a hundred thousand letters is encoded in its turn", () => {
  const long = "abba".repeat(25_000);
  expect(tokenizer.decode(tokenizer.encode(long))).toBe(long);
});

test("tokens can end within a character: the bytes are whole again when put together", () => {
  const ids = trainTokenizer([], { vocabulary: 257 }).encode("日");
  const bytes = trainTokenizer([], { vocabulary: 257 });
  expect(ids.length).toBe(3);
  expect(bytes.decode(ids.subarray(0, 2))).toBe("\ufffd");
  expect(bytes.decode(ids)).toBe("日");
  expect([1, 2, 3].map((count) => decodeSoFar(bytes, ids.subarray(0, count)))).toEqual(["", "", "日"]);
  expect([...bytes.decodeBytes(ids.subarray(1))]).toEqual([0x97, 0xa5]);
});

test("a text that is written shows what is whole, until its document ends", async () => {
  const bytes = trainTokenizer([], { vocabulary: 257 });
  const shown = async (...tokens: number[]) => {
    async function* written() {
      yield* tokens;
    }
    const texts: string[] = [];
    for await (const text of textsOf(bytes, written())) texts.push(text);
    return texts;
  };
  const ids = bytes.encode("a日");
  expect(await shown(...ids, bytes.endOfDocument, ...ids)).toEqual(["a", "a", "a", "a日", "a日"]);
  expect(await shown(...ids.subarray(0, 2))).toEqual(["a", "a", "a\ufffd"]);
});

test("<|endoftext|> written in a text is ordinary text", () => {
  const written = "before <|endoftext|> after";
  const ids = tokenizer.encode(written);
  expect(ids).not.toContain(tokenizer.endOfDocument);
  expect(tokenizer.decode(ids)).toBe(written);
  const eager = trainTokenizer(Array(50).fill("<|endoftext|><|endoftext|>"), { vocabulary: 500 });
  expect(eager.encode("<|endoftext|>")).not.toContain(eager.endOfDocument);
  expect(tokenizerFromJson(eager.toJson()).toJson()).toBe(eager.toJson());
});

test("an end of document has no text, and an id beyond the vocabulary is a mark", () => {
  const { endOfDocument, vocabularySize } = tokenizer;
  expect(tokenizer.decode([...tokenizer.encode("a"), endOfDocument, ...tokenizer.encode("b")])).toBe("ab");
  expect(tokenizer.decode([vocabularySize, ...tokenizer.encode("b")])).toBe("\ufffdb");
  expect(tokenizer.byteLengths[endOfDocument]).toBe(0);
});

test("a byte-order mark within a text is kept", () => {
  expect(tokenizer.decode(tokenizer.encode("\ufeffa"))).toBe("\ufeffa");
});

test("the saved tokenizer is the same tokenizer", () => {
  const again = tokenizerFromJson(tokenizer.toJson());
  expect(again.toJson()).toBe(tokenizer.toJson());
  expect(again.vocabularySize).toBe(tokenizer.vocabularySize);
  expect(again.endOfDocument).toBe(tokenizer.endOfDocument);
  expect(again.encode(text)).toEqual(tokenizer.encode(text));
});

test("merges written as text, as older files have them, are read", () => {
  const file = JSON.parse(tokenizer.toJson());
  file.model.merges = file.model.merges.map((pair: string[]) => pair.join(" "));
  expect(tokenizerFromJson(JSON.stringify(file)).encode(text)).toEqual(tokenizer.encode(text));
});

test("another kind of tokenizer is refused, and where it differs is said", () => {
  const good = JSON.parse(tokenizer.toJson());
  // biome-ignore lint/suspicious/noExplicitAny: a JSON file that the test breaks
  const broken = (change: (file: any) => void) => {
    const file = structuredClone(good);
    change(file);
    return () => tokenizerFromJson(JSON.stringify(file));
  };
  expect(() => tokenizerFromJson("{")).toThrow(/^tokenizer.json: expected JSON/);
  expect(() => tokenizerFromJson("[]", "es.json")).toThrow("es.json: expected an object, got []");
  expect(broken((file) => (file.model.type = "Unigram"))).toThrow(
    'model.type: expected "BPE", got "Unigram"',
  );
  expect(broken((file) => (file.pre_tokenizer.add_prefix_space = true))).toThrow(/add_prefix_space/);
  expect(broken((file) => (file.normalizer = { type: "NFC" }))).toThrow(/normalizer/);
  expect(broken((file) => (file.added_tokens = []))).toThrow("added_tokens: expected one token, got 0");
  expect(broken((file) => (file.added_tokens[0].id = 5))).toThrow(/added_tokens/);
  expect(broken((file) => delete file.model.vocab.a)).toThrow(/expected a token \d+, got none/);
  expect(broken((file) => (file.model.vocab.a = 1.5))).toThrow(/expected an id from 0 to 65535, got 1.5/);
  expect(broken((file) => (file.model.vocab.a = 2))).toThrow(/expected an id of its own/);
  expect(broken((file) => (file.model.vocab.日 = 420))).toThrow(/characters that stand for bytes/);
  expect(broken((file) => (file.model.merges[0] = ["a", "nothing"]))).toThrow(/model.merges.0/);
  expect(broken((file) => (file.model.merges[1] = file.model.merges[0]))).toThrow(/merge 1: expected a pair/);
});
