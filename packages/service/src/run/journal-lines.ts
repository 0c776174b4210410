// A run's journal as text: a line of JSON for each entry, as journal.jsonl has it.

import type { RunId } from "@homebody/base";
import type { Journal } from "@homebody/store/ports";
import { storedPages } from "./stored-pages.ts";

/** In pieces of many lines, each whole. */
export async function* journalLines(journal: Pick<Journal, "read">, run: RunId): AsyncGenerator<string> {
  for await (const entries of storedPages(journal, run))
    yield entries.map((entry) => `${JSON.stringify(entry)}\n`).join("");
}
