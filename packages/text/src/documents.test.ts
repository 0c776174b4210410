import { expect, test } from "vitest";
import { decodeUtf8, parseDocuments } from "./documents.ts";

test("a .txt and an .md file are one document, without the byte-order mark", () => {
  expect(parseDocuments("a.txt", "\ufeffone\r\n\r\ntwo\n")).toEqual(["one\r\n\r\ntwo\n"]);
  expect(parseDocuments("folder.d/Notes.MD", "# Título\n")).toEqual(["# Título\n"]);
});

test("a .jsonl file has a document a line; empty lines and documents are left out", () => {
  const lines = '\ufeff{"text": "uno\\n", "id": 3}\r\n\n{"text": "  \\n"}\n{"text":"日本"}';
  expect(parseDocuments("a.jsonl", lines)).toEqual(["uno\n", "日本"]);
});

test("files without a visible character have no documents", () => {
  for (const name of ["a.txt", "a.md", "a.jsonl"])
    for (const text of ["", "\ufeff", " \n\t\n"]) expect(parseDocuments(name, text)).toEqual([]);
});

test("a bad line is named by its number", () => {
  const text = '{"text": "one"}\n\n{"text": "two"';
  expect(() => parseDocuments("corpus/a.jsonl", text)).toThrow(
    'corpus/a.jsonl, line 3: expected JSON such as {"text": "..."}, got {"text": "two"',
  );
  for (const bad of ['{"body": "x"}', '"text"', "[1]", "null", '{"text": 5}'])
    expect(() => parseDocuments("a.jsonl", bad)).toThrow(
      `a.jsonl, line 1: expected an object with a "text", got ${bad}`,
    );
});

test("another kind of file is refused", () => {
  expect(() => parseDocuments("a.pdf", "x")).toThrow("a.pdf: expected a .txt, .md or .jsonl file, got .pdf");
  expect(() => parseDocuments("folder.txt/LICENSE", "x")).toThrow(/got no suffix/);
});

test("half a surrogate pair, which JSON can hold, becomes U+FFFD", () => {
  expect(parseDocuments("a.jsonl", '{"text": "a\\ud800b \\ud83d\\ude00 \\udc00"}')).toEqual([
    "a\ufffdb 😀 \ufffd",
  ]);
});

test("bytes that are no UTF-8 are refused, others are text", () => {
  expect(decodeUtf8("a.txt", new TextEncoder().encode("niño"))).toBe("niño");
  expect(() => decodeUtf8("a.txt", Uint8Array.of(0x6e, 0x69, 0xf1, 0x6f))).toThrow(
    "a.txt: expected text in UTF-8",
  );
});
