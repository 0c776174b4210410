// A run's journal as text: a line of JSON for each entry, as journal.jsonl has it.

import type { RunId } from "@homebody/base";
import type { Journal } from "@homebody/store/ports";

const page = 500;

/** In pieces of many lines, each whole. */
export async function* journalLines(journal: Pick<Journal, "read">, run: RunId): AsyncGenerator<string> {
  for (let after = 0; ; ) {
    const entries = await journal.read(run, after, page);
    if (entries.length === 0) return;
    yield entries.map((entry) => `${JSON.stringify(entry)}\n`).join("");
    after = entries.at(-1)!.seq;
  }
}
