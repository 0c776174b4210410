// A run's journal moves from SQLite to PostgreSQL or back: copied, compared entry by entry, and only then the folder says that
// it is there. Until it does the old journal is the folder's, and nothing of it is ever removed; so whenever this is cut off
// the folder is as usable as before, and beginning again goes on with what was copied.

import { InputError, type RunId } from "@homebody/base";
import { createdManifest, entryHash, namesOf, readEntry } from "@homebody/coordinator";
import type { RunManifest } from "@homebody/protocol";
import { storedPages } from "@homebody/service";
import { type Journal, type JournalEntry, type MovingJournal, movingJournal } from "@homebody/store";
import { atRest } from "./at-rest.ts";

export const migrationPoints = [
  "migrate:before-copy",
  "migrate:after-page",
  "migrate:before-switch",
  "migrate:after-switch",
] as const;
export type MigrationPoint = (typeof migrationPoints)[number];

export interface MigrateOptions {
  readonly dataDir: string;
  /** Where the journal is, if that is PostgreSQL. */
  readonly databaseUrl?: string;
  /** Where it goes: postgres://..., or undefined for SQLite in the folder. */
  readonly to: string | undefined;
  readonly faults?: (point: MigrationPoint) => void | Promise<void>;
}

export interface Migrated {
  readonly run: RunId;
  readonly entries: number;
  /** Of them those that were not there yet. */
  readonly copied: number;
}

/** Throws an InputError where there is no run at rest, or the other journal has something else of this run. */
export async function migrate(options: MigrateOptions): Promise<Migrated> {
  const { dataDir, databaseUrl, to, faults = () => {} } = options;
  return atRest(dataDir, async () => {
    const moving = await movingJournal(dataDir, databaseUrl, to);
    try {
      await faults("migrate:before-copy");
      const { run, from } = moving;
      const before = await compare(moving);
      const copied = await copy(moving, before, faults);
      const entries = await from.lastSeq(run);
      if ((await compare(moving)) !== entries) throw differs(run, entries);
      await faults("migrate:before-switch");
      await moving.switch();
      await faults("migrate:after-switch");
      return { run, entries, copied };
    } finally {
      await moving.close();
    }
  });
}

/** How many entries are there already. Throws where one of them is another. */
async function compare({ run, from, to }: MovingJournal): Promise<number> {
  let same = 0;
  for await (const page of storedPages(to, run)) {
    const own = await from.read(run, same, page.length);
    for (const [i, entry] of page.entries()) {
      const original = own[i];
      if (original === undefined || entryHash(original) !== entryHash(entry)) throw differs(run, same + 1);
      same += 1;
    }
  }
  return same;
}

async function copy(
  { run, from, to }: MovingJournal,
  before: number,
  faults: NonNullable<MigrateOptions["faults"]>,
): Promise<number> {
  let last = before;
  const manifest = createdManifest((await from.read(run, 0, 1)).map((entry) => readEntry(entry)));
  for await (const page of storedPages(from, run, before)) {
    for (const together of ofOneTime(page)) last = await append(to, manifest, last, together);
    await faults("migrate:after-page");
  }
  return last - before;
}

/** In one commit. */
async function append(
  to: Journal,
  manifest: RunManifest,
  last: number,
  entries: readonly JournalEntry[],
): Promise<number> {
  const names = namesOf(
    manifest,
    entries.map((entry) => readEntry(entry)),
  );
  const facts = entries.map(({ fact }) => fact);
  return to.append(manifest.run, last, entries[0]!.at, facts, names);
}

/** An append has one time. */
function ofOneTime(entries: readonly JournalEntry[]): JournalEntry[][] {
  const groups: JournalEntry[][] = [];
  for (const entry of entries) {
    const group = groups.at(-1);
    if (group?.[0]?.at === entry.at) group.push(entry);
    else groups.push([entry]);
  }
  return groups;
}

function differs(run: RunId, seq: number): InputError {
  return new InputError(
    "--to",
    "a journal that has nothing of this run, or its beginning as it is here",
    `another entry ${seq} of run ${run.slice(0, 8)}`,
  );
}
