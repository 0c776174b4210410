import { expect, test } from "vitest";
import { isTextFile, readTextFile } from "./read-text-file.ts";

const utf8 = (text: string) => new TextEncoder().encode(text);
const latin = (text: string) => Uint8Array.from(text, (character) => character.charCodeAt(0));
const utf16 = (text: string, mark: boolean, big = false) =>
  Uint8Array.from(
    [...(mark ? `\ufeff${text}` : text)].flatMap((character) => {
      const [low, high] = [character.charCodeAt(0) & 0xff, character.charCodeAt(0) >> 8];
      return big ? [high, low] : [low, high];
    }),
  );

const spanish =
  "El niño soñó con la mañana; según la versión más antigua, el corazón del árbol está aquí.\n".repeat(3);
const japanese = "吾輩は猫である。名前はまだ無い。\n";
/** The same in Shift-JIS: what `iconv -t SHIFT_JIS` writes. */
const shiftJis =
  "\x8c\xe1\x94\x79\x82\xcd\x94\x4c\x82\xc5\x82\xa0\x82\xe9\x81\x42\x96\xbc\x91\x4f\x82\xcd\x82\xdc\x82\xbe\x96\xb3\x82\xa2\x81\x42\n";
test.each([
  ["UTF-8", utf8(spanish), spanish],
  ["UTF-16", utf16(spanish, true), spanish],
  ["UTF-16", utf16(spanish, true, true), spanish],
  ["UTF-16", utf16(spanish, false), spanish],
  ["UTF-16", utf16(spanish, false, true), spanish],
  ["UTF-16", utf16(japanese, true), japanese],
  ["Windows-1252", latin(spanish), spanish],
  ["Shift-JIS", latin(shiftJis.repeat(4)), japanese.repeat(4)],
])("a text in %s is read as what it says", async (encoding, bytes, text) => {
  expect(await readTextFile("a.txt", bytes)).toEqual({ documents: [text], encoding });
});

test("Windows-1252 has quotes, a dash and the euro where ISO-8859-1 has control characters", async () => {
  const german = `${"Für größere Mädchen natürlich schöne Äpfel und süße Öle. ".repeat(4)}\x93Ja\x94 \x96 5 \x80`;
  const { documents, encoding } = await readTextFile("a.txt", latin(german));
  expect([documents[0]!.slice(-11), encoding]).toEqual([" “Ja” – 5 €", "Windows-1252"]);
});

test("the first letter that is not ASCII may stand far behind the start", async () => {
  const text = `${"plain words, one after another\n".repeat(5000)}${spanish}`;
  expect((await readTextFile("a.md", latin(text))).documents).toEqual([text]);
});

test("a control character that got into a long text does no harm", async () => {
  const text = `${spanish.repeat(10)}\x02${spanish}`;
  expect((await readTextFile("a.txt", utf8(text))).documents).toEqual([text]);
});

test("lines of JSON are read in another encoding too", async () => {
  const lines = JSON.stringify({ text: spanish });
  expect((await readTextFile("a.jsonl", latin(lines))).documents).toEqual([spanish]);
});

test.each([
  [
    "a.pdf",
    latin("%PDF-1.7\n%\xe2\xe3"),
    /a.pdf: expected a .txt, .md or .jsonl file, got a PDF; open it, copy its text/,
  ],
  ["renamed.txt", latin("%PDF-1.7\n"), /got a PDF/],
  ["a.docx", latin("PK\x03\x04\x14\0\x06\0"), /got an office document or a ZIP file.*save it as plain text/],
  ["a.doc", latin("\xd0\xcf\x11\xe0\xa1\xb1"), /an old office document/],
  ["a.txt", latin("{\\rtf1\\ansi"), /rich text/],
  ["a.txt", latin("\x1f\x8b\x08\0"), /gzip.*unpack it/],
  [
    "picture.txt",
    latin("\x89PNG\r\n\x1a\n\0\0\0\rIHDR"),
    /expected text, got bytes that are none; .* save it as UTF-8/,
  ],
  ["a.txt", Uint8Array.from({ length: 4000 }, (_, i) => (i * 7919) % 251), /bytes that are none/],
  ["zeros.txt", new Uint8Array(4000), /bytes that are none/],
  ["a.txt", utf8(""), /expected text, got an empty file/],
  ["a.txt", utf8(" \n\t"), /a file without a word/],
  ["a.jsonl", utf8('{"text": "one"}\n{"text": "two"'), /a.jsonl, line 2: expected JSON/],
  ["a.html", utf8("<p>words</p>"), /got .html/],
])("%s that is no text is refused with what to do", async (name, bytes, message) => {
  await expect(readTextFile(name, bytes)).rejects.toThrow(message);
});

test("which files may have text is told by their name, in capitals too", () => {
  expect(["a.txt", "b/B.MD", "c.JsonL", "d.pdf", "txt"].map(isTextFile)).toEqual([
    true,
    true,
    true,
    false,
    false,
  ]);
});
