// A run's journal, page by page, so that none of it is held longer than it is looked at.

import type { RunId } from "@homebody/base";
import type { Journal, JournalEntry } from "@homebody/store/ports";

const page = 1000;

/** The entries after the given one, as they are stored. */
export async function* storedPages(
  journal: Pick<Journal, "read">,
  run: RunId,
  after = 0,
): AsyncGenerator<readonly JournalEntry[]> {
  for (let last = after; ; ) {
    const entries = await journal.read(run, last, page);
    if (entries.length > 0) yield entries;
    if (entries.length < page) return;
    last = entries.at(-1)!.seq;
  }
}
