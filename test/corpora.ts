// The corpora that real text comes from in tests: they are not part of the repository. Where they are not there, tests of them are
// skipped and say so; under CI they fail.

import { existsSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { parseDocuments } from "@homebody/text";

const root = fileURLToPath(new URL("..", import.meta.url));
export const corpora = `${process.env.HOMEBODY_SHARED ?? `${root}../shared`}/corpora`;
/** Seven languages of four scripts, and a programming language. */
export const corpusSources = ["en", "es", "fr", "ja", "py", "ru", "tr", "zh"];

export const hasCorpora = existsSync(corpora);
if (!hasCorpora && process.env.CI)
  throw new Error(`corpora: expected them at ${corpora} (HOMEBODY_SHARED), got nothing`);
if (!hasCorpora) console.warn(`skipped: no corpora at ${corpora}; set HOMEBODY_SHARED`);

/** The first so many held-out documents of every source. */
export const heldOutDocuments = (count: number): readonly string[] =>
  corpusSources.flatMap((source) => {
    const name = `${corpora}/${source}/valid.jsonl`;
    return parseDocuments(name, readFileSync(name, "utf8")).slice(0, count);
  });
