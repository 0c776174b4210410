import { expect, test } from "vitest";
import { demoDocuments, demoSources } from "./demo/texts.ts";
import { articlesOf, declaration, udhrCode } from "./udhr.ts";

test("a declaration is its preamble and thirty articles, without markup", async () => {
  for (const source of demoSources) {
    const documents = await demoDocuments(source);
    expect(documents, source.id).toHaveLength(31);
    const text = documents.join("\n");
    expect(text).not.toMatch(/[<>]|&[a-z#]/);
    expect(new TextEncoder().encode(text).length).toBeGreaterThan(8000);
  }
});

test("paragraphs are lines, list items included; entities become characters", () => {
  const html =
    "<header><h2>A</h2>\n<p>b &amp;\n c</p></header><article data-number='1'><ol><li><p>d&#x41;</p></li></ol></article>";
  expect(articlesOf(html)).toEqual(["A\nb & c", "dA"]);
});

test("eight languages and four scripts at least", () => {
  const scripts = ["Latin", "Cyrillic", "Arabic", "Devanagari", "Han", "Hangul", "Greek"];
  const seen = scripts.filter((script) =>
    demoSources.some(({ title }) => new RegExp(`\\p{Script=${script}}`, "u").test(title)),
  );
  expect(new Set(demoSources.map(({ language }) => language)).size).toBeGreaterThanOrEqual(8);
  expect(seen.length).toBeGreaterThanOrEqual(4);
});

test("languages by their tags: the usual one of several, the language where a script is not known, none where there is none", () => {
  const tags = [
    "es",
    "ja",
    "ru",
    "en",
    "fr",
    "tr",
    "zh",
    "zh-Hans",
    "zh-Hant",
    "pt-BR",
    "pt",
    "de",
    "el",
    "sw",
  ];
  expect(tags.map(udhrCode)).toEqual(
    "spa jpn rus eng fra tur cmn_hans cmn_hans cmn_hant por_BR por_PT deu_1996 ell_monotonic swh".split(" "),
  );
  expect(["py", "minutes", ""].map(udhrCode)).toEqual([undefined, undefined, undefined]);
});

test("the declaration is parallel: the same articles in each of the project's languages", async () => {
  for (const tag of ["es", "ja", "ru", "en", "fr", "tr", "zh"]) {
    const articles = await declaration(udhrCode(tag)!);
    expect(articles, tag).toHaveLength(31);
    expect(Math.min(...articles.map(({ length }) => length)), tag).toBeGreaterThan(15);
  }
});
