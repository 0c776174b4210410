// Entries go into the journal, or do not; where a database is lost in the middle of a commit nobody knows which. Then it is
// looked up before anything else is decided [C41]: otherwise the run would go on from a state that its journal has left.

import { type Entry, namesOf } from "@homebody/coordinator";
import type { RunManifest } from "@homebody/protocol";
import type { Journal, JournalEntry } from "@homebody/store/ports";

export interface Appending {
  /**
   * Resolves when the entries are durable. Throws what says that another coordinator writes (`givesWay`); any other error
   * means that they are not there, or that `lookUp` will tell.
   */
  append(entries: readonly Entry[]): Promise<void>;
  /** The entries of an append that failed, where the journal has them all the same. Throws as `append` does. */
  lookUp(): Promise<readonly Entry[]>;
}

export function appending(
  journal: Pick<Journal, "append" | "read">,
  manifest: Pick<RunManifest, "run" | "keep">,
): Appending {
  const { run } = manifest;
  /** Of which nobody knows whether they are there. */
  let open: readonly Entry[] = [];

  async function lookUp(): Promise<readonly Entry[]> {
    const [first] = open;
    if (first === undefined) return [];
    const asked = open;
    try {
      await journal.append(run, first.seq - 1, first.at, []);
      open = [];
      return [];
    } catch (error) {
      if ((error as Error).name !== "JournalConflict") throw error;
      const stored = await journal.read(run, first.seq - 1, asked.length + 1);
      if (!isSame(stored, asked)) throw error;
      open = [];
      return asked;
    }
  }

  return {
    async append(entries) {
      const { seq, at } = entries[0]!;
      const facts = entries.map(({ fact }) => fact);
      try {
        await journal.append(run, seq - 1, at, facts, namesOf(manifest, entries));
      } catch (error) {
        if (givesWay(error)) throw error;
        open = entries;
        const happened = await lookUp().catch((later: unknown) => {
          if (givesWay(later)) throw later;
          return [];
        });
        if (happened.length === 0) throw error;
      }
    },
    lookUp,
  };
}

/** Another coordinator writes to the run: this one stops. */
export function givesWay(error: unknown): boolean {
  return ["JournalConflict", "RunInUse"].includes((error as Error).name);
}

function isSame(stored: readonly JournalEntry[], entries: readonly Entry[]): boolean {
  const text = (list: readonly JournalEntry[]) =>
    JSON.stringify(list.map(({ seq, at, fact }) => [seq, at, fact]));
  return text(stored) === text(entries);
}
