// Whoever watches the run: facts in order, and about once a second who is here [P18].

import type { Cancel, Clock } from "@homebody/clock";
import type { Entry } from "@homebody/coordinator";
import { events, type PresenceReport, type Refusal } from "@homebody/protocol";
import type { JournalEntry } from "@homebody/store/ports";
import type { People } from "./presence.ts";
import { send, type Visitor } from "./visitor.ts";

export interface WatchersInputs {
  readonly people: Pick<People, "report">;
  readonly clock: Clock;
  /** The last entry of the journal. */
  readonly last: () => number;
  /** Entries after the given one, at most `limit`. */
  readonly read: (after: number, limit: number) => Promise<readonly JournalEntry[]>;
}

export interface Watchers {
  /** From now on it is told; also what it missed, unless that is too much. Resolves with the last entry. */
  admit(visitor: Visitor, after: number): Promise<number>;
  depart(visitor: Visitor): void;
  tell(entries: readonly Entry[]): void;
  /** Counted for the reports. */
  refused(word: Refusal): void;
  close(): void;
}

/** Entries that are sent to a new watcher; one that is further behind reads by HTTP. */
const catchUp = 500;
const reportMs = 1000;

export function watchersOf({ people, clock, last, read }: WatchersInputs): Watchers {
  const watchers = new Set<Visitor>();
  const refusals: Partial<Record<Refusal, number>> = {};

  function report(to: Iterable<Visitor>): void {
    const message: PresenceReport = { at: clock.now(), volunteers: people.report(), refusals };
    for (const { connection } of to) connection.tell(events.presence, message);
  }

  const stop: Cancel = clock.every(reportMs, () => {
    if (watchers.size > 0) report(watchers);
  });

  return {
    async admit(visitor, from) {
      let after = from;
      if (last() - after <= catchUp)
        while (after < last()) {
          const entries = await read(after, catchUp);
          if (entries.length === 0) break;
          send(visitor, events.entries, entries);
          after = entries.at(-1)!.seq;
        }
      if (visitor.gone) return last();
      visitor.watching = true;
      watchers.add(visitor);
      report([visitor]);
      return last();
    },
    depart: (visitor) => void watchers.delete(visitor),
    tell(entries) {
      for (const visitor of [...watchers]) send(visitor, events.entries, entries);
    },
    refused(word) {
      refusals[word] = (refusals[word] ?? 0) + 1;
    },
    close: stop,
  };
}
