// Which journal is a data folder's, and which run of it. The folder says so itself (journal-file.ts); what contradicts it is
// refused before anything is read: otherwise a wrong flag, or a journal that was lost, would begin the run anew, and its
// volunteers would follow.

import { randomUUID } from "node:crypto";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { InputError, type RunId } from "@homebody/base";
import {
  type JournalFile,
  type JournalPlace,
  readJournalFile,
  shownDatabase,
  writeJournalFile,
} from "./journal-file.ts";
import type { Blobs, Journal } from "./ports.ts";
import { type PostgresJournal, postgresJournal } from "./postgres.ts";
import { sqliteJournal } from "./sqlite.ts";

export interface FolderRun {
  /** Runs that may be this folder's: the one that it names; in one that names none, those that no other folder has. */
  candidates(): Promise<readonly RunId[]>;
  /** A new run is about to be made durable. Throws an InputError where there is something of a run whose journal is gone. */
  begin(): Promise<void>;
  /** The run is this folder's, and written here alone. Throws RunInUse, or an InputError where it is another folder's. */
  claim(run: RunId): Promise<void>;
  /** The journal has the run: from now on nothing else is this folder's. */
  settle(run: RunId): Promise<void>;
}

export interface PlacedJournal {
  readonly journal: Journal;
  readonly place: JournalPlace;
  readonly run: FolderRun;
}

export const sqlitePath = (dataDir: string) => join(dataDir, "journal.sqlite");

/** Opens the journal that the flag asks for. Throws an InputError where the folder's is another one. */
export async function placedJournal(
  dataDir: string,
  databaseUrl: string | undefined,
  blobs: Pick<Blobs, "list">,
): Promise<PlacedJournal> {
  const file = await readJournalFile(dataDir);
  await checkFlag(dataDir, file, databaseUrl);
  const opened = await openJournal(dataDir, databaseUrl);
  const { journal, place } = opened;
  try {
    if (file !== undefined) await checkPlace(dataDir, file, opened);
    return { journal, place, run: folderRun(dataDir, file, opened, blobs) };
  } catch (error) {
    await journal.close();
    throw error;
  }
}

export interface OpenedJournal {
  readonly journal: Journal;
  readonly place: JournalPlace;
  /** The same journal, where it is one of a database that other folders share. */
  readonly shared: PostgresJournal | undefined;
}

export async function openJournal(dataDir: string, databaseUrl: string | undefined): Promise<OpenedJournal> {
  if (databaseUrl === undefined)
    return { journal: sqliteJournal(sqlitePath(dataDir)), place: { kind: "sqlite" }, shared: undefined };
  const journal = await postgresJournal(databaseUrl);
  const { database } = journal;
  const address = shownDatabase(databaseUrl);
  return { journal, place: { kind: "postgres", database, address }, shared: journal };
}

/** Before a journal is opened, which would make it. */
async function checkFlag(dataDir: string, file: JournalFile | undefined, databaseUrl: string | undefined) {
  const kind = file?.place.kind ?? ((await hasSqliteRun(dataDir)) ? "sqlite" : undefined);
  if (kind === "sqlite" && databaseUrl !== undefined)
    throw new InputError(
      "--database",
      `none, since the journal of ${dataDir} is SQLite in the folder (to move it: homebody migrate DATA --to URL)`,
      shownDatabase(databaseUrl),
    );
  if (file?.place.kind === "postgres" && databaseUrl === undefined)
    throw new InputError(
      "--database",
      `the URL of ${file.place.address}, where the journal of ${dataDir} is (to have it in the folder: homebody migrate DATA --to sqlite)`,
      "none",
    );
  if (file?.run != null && kind === "sqlite" && !existsSync(sqlitePath(dataDir)))
    throw lost(dataDir, file.run, "no journal.sqlite");
}

/** An older version said nowhere where the journal is. */
async function hasSqliteRun(dataDir: string): Promise<boolean> {
  if (!existsSync(sqlitePath(dataDir))) return false;
  const journal = sqliteJournal(sqlitePath(dataDir));
  try {
    return (await journal.runs()).length > 0;
  } finally {
    await journal.close();
  }
}

async function checkPlace(
  dataDir: string,
  file: JournalFile,
  { journal, place, shared }: OpenedJournal,
): Promise<void> {
  if (file.place.kind === "postgres" && place.kind === "postgres" && file.place.database !== place.database)
    throw new InputError(
      "--database",
      `the database that has the journal of ${dataDir}: it was ${file.place.address}`,
      `${place.address}, which is another one`,
    );
  if (file.run === null) return;
  if ((await journal.lastSeq(file.run)) === 0) throw lost(dataDir, file.run, "a journal without it");
  await shared?.claim(file.run, file.folder);
}

function lost(dataDir: string, run: RunId, got: string): InputError {
  return new InputError(
    dataDir,
    `the journal of run ${run.slice(0, 8)}, whose blobs are here (bring it back from a backup, or begin a new run in a folder of its own)`,
    got,
  );
}

function folderRun(
  dataDir: string,
  found: JournalFile | undefined,
  { journal, place, shared }: OpenedJournal,
  blobs: Pick<Blobs, "list">,
): FolderRun {
  let file: JournalFile = found ?? { folder: randomUUID(), place, run: null };
  const { folder } = file;

  async function candidates(): Promise<readonly RunId[]> {
    if (file.run !== null) return [file.run];
    if (shared === undefined) return journal.runs();
    // Only a folder that an older version left can have a run that no folder has.
    const unowned = found === undefined && (await blobs.list()).length > 0;
    return shared.runsOf(folder, { unowned });
  }

  async function write(run: RunId | null): Promise<void> {
    if (found !== undefined && file.run === run) return;
    file = { ...file, run };
    await writeJournalFile(dataDir, file);
  }

  return {
    candidates,
    async begin() {
      if (found === undefined && (await blobs.list()).length > 0)
        throw new InputError(
          dataDir,
          "the journal of the run whose blobs are here (where it is in PostgreSQL give --database; where it is lost bring " +
            "it back from a backup, or begin a new run in a folder of its own)",
          place.kind === "sqlite" ? "no journal.sqlite with a run in it" : `none in ${place.address}`,
        );
      await write(null);
    },
    async claim(run) {
      if (shared === undefined) return;
      if (!(await candidates()).includes(run) && (await journal.lastSeq(run)) > 0)
        throw new InputError(
          "--database",
          "a run that is not in the database yet, since this folder is new (start it in the folder that has its blobs, or " +
            "change the name in the run file)",
          `run ${run.slice(0, 8)}, which is there`,
        );
      await shared.claim(run, folder);
    },
    settle: (run) => write(run),
  };
}
