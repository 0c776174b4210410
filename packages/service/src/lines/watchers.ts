// Whoever watches the run: facts in order, and about once a second who is here [P18]. What a small request brings is bounded,
// and so are reports in all [P32].

import { utf8Length } from "@homebody/base";
import type { Cancel, Clock } from "@homebody/clock";
import type { Entry } from "@homebody/coordinator";
import { events, type PresenceReport, type Refusal } from "@homebody/protocol";
import type { JournalEntry } from "@homebody/store/ports";
import { buckets, type Limits } from "./limits.ts";
import type { People } from "./presence.ts";
import { send, type Visitor } from "./visitor.ts";

export interface WatchersInputs {
  readonly people: Pick<People, "report">;
  readonly clock: Clock;
  readonly limits: Pick<Limits, "historyBytesPerSecond" | "presenceBytesPerSecond">;
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

/** Entries that are sent to a new watcher, and their bytes; one that is further behind reads by HTTP. */
const catchUp = 500;
const catchUpBytes = 512 * 1024;
const readAtOnce = 100;
const reportMs = 1000;
/** Seconds of the rate that an address may read at once. */
const historySeconds = 24;

export function watchersOf({ people, clock, limits, last, read }: WatchersInputs): Watchers {
  const watchers = new Set<Visitor>();
  const refusals: Partial<Record<Refusal, number>> = {};
  const perSecond = limits.historyBytesPerSecond;
  const history = buckets(perSecond, perSecond * historySeconds);
  let nextReportAt = 0;

  /** Bytes of one report. */
  function report(to: Iterable<Visitor>): number {
    const message: PresenceReport = { at: clock.now(), ...people.report(), refusals };
    for (const { connection } of to) connection.tell(events.presence, message);
    return bytesOf(message);
  }

  const stop: Cancel = clock.every(reportMs, () => {
    if (watchers.size === 0 || clock.elapsed() < nextReportAt) return;
    const bytes = report(watchers) * watchers.size;
    nextReportAt = clock.elapsed() + (1000 * bytes) / limits.presenceBytesPerSecond;
  });

  /** [P32] What it missed, as long as its address may read more and it is not too much. */
  async function bringUpToDate(visitor: Visitor, from: number): Promise<void> {
    const { address } = visitor.connection;
    let [after, sent] = [from, 0];
    while (after < last() && sent < catchUpBytes && history.take(address, clock.now())) {
      const entries = await read(after, readAtOnce);
      if (entries.length === 0) return;
      const bytes = bytesOf(entries);
      history.take(address, clock.now(), bytes);
      sent += bytes;
      if (sent > catchUpBytes) return;
      send(visitor, events.entries, entries);
      after = entries.at(-1)!.seq;
    }
  }

  return {
    async admit(visitor, after) {
      if (last() - after <= catchUp) await bringUpToDate(visitor, after);
      if (visitor.gone) return last();
      const isNew = !visitor.watching;
      visitor.watching = true;
      watchers.add(visitor);
      if (isNew) report([visitor]);
      return last();
    },
    depart: (visitor) => void watchers.delete(visitor),
    tell(entries) {
      // Whoever is not sent what is too large finds the gap, and reads by HTTP.
      if (watchers.size === 0 || bytesOf(entries) > catchUpBytes) return;
      for (const visitor of [...watchers]) send(visitor, events.entries, entries);
    },
    refused(word) {
      refusals[word] = (refusals[word] ?? 0) + 1;
    },
    close: stop,
  };
}

const bytesOf = (message: unknown) => utf8Length(JSON.stringify(message));
