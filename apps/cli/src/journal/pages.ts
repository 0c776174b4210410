// A journal page by page, to its end or beyond it: as entries come, through lost connections [J7].

import { systemClock } from "@homebody/clock";
import type { JournalEntry } from "@homebody/store";
import { Unreached } from "@homebody/volunteer/node";
import type { OpenJournal } from "./open.ts";

export interface Following {
  readonly follow: boolean;
  /** Ends it. */
  readonly signal: AbortSignal;
  /** Nobody answers now. */
  readonly waits: (why: string) => void;
}

const page = 1000;
const askedEveryMs = 1000;
const patienceMs = 30_000;

/** None is empty. */
export async function* pagesOf(
  { run, read }: OpenJournal,
  { follow, signal, waits }: Following,
): AsyncGenerator<readonly JournalEntry[]> {
  let last = 0;
  let isOver = false;
  for (let waitMs = askedEveryMs; !signal.aborted; ) {
    try {
      const entries = await read(run, last, page);
      waitMs = askedEveryMs;
      if (entries.length > 0) {
        yield entries;
        last = entries.at(-1)!.seq;
        isOver = overAfter(entries, isOver);
        if (entries.length === page) continue;
      }
      if (!follow || isOver) return;
    } catch (error) {
      if (!follow || !(error instanceof Unreached)) throw error;
      waits(error.message);
      waitMs = Math.min(2 * waitMs, patienceMs);
    }
    await systemClock.sleep(waitMs, signal);
  }
}

/** A run that is finished may have further facts, and go on. */
function overAfter(entries: readonly JournalEntry[], before: boolean): boolean {
  const kinds = entries.map(({ fact }) => (fact as { readonly kind?: unknown }).kind);
  const last = kinds.findLast((kind) => kind === "finished" || kind === "reopened");
  return last === undefined ? before : last === "finished";
}
