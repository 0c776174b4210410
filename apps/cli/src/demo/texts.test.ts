import { expect, test } from "vitest";
import { demoDocuments, demoSources, documentsOf } from "./texts.ts";

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
  expect(documentsOf(html)).toEqual(["A\nb & c", "dA"]);
});

test("eight languages and four scripts at least", () => {
  const scripts = ["Latin", "Cyrillic", "Arabic", "Devanagari", "Han", "Hangul", "Greek"];
  const seen = scripts.filter((script) =>
    demoSources.some(({ title }) => new RegExp(`\\p{Script=${script}}`, "u").test(title)),
  );
  expect(new Set(demoSources.map(({ language }) => language)).size).toBeGreaterThanOrEqual(8);
  expect(seen.length).toBeGreaterThanOrEqual(4);
});
