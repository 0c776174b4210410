// The two journals between which a run moves. The folder's own is the one that it names, until it is switched.

import { join } from "node:path";
import { InputError, type RunId } from "@homebody/base";
import { folderBlobs } from "./folder.ts";
import { type JournalPlace, readJournalFile, writeJournalFile } from "./journal-file.ts";
import { type FolderRun, openJournal, placedJournal } from "./place.ts";
import type { Journal } from "./ports.ts";

export interface MovingJournal {
  readonly run: RunId;
  readonly from: Journal;
  readonly to: Journal;
  /** From now on `to` is the folder's. */
  switch(): Promise<void>;
  close(): Promise<void>;
}

/**
 * Both are written here alone. Throws an InputError where the folder's journal is another one than `databaseUrl` says, has no
 * run, or is at `toUrl` already (undefined: SQLite in the folder); RunInUse where a coordinator is at work on it.
 */
export async function movingJournal(
  dataDir: string,
  databaseUrl: string | undefined,
  toUrl: string | undefined,
): Promise<MovingJournal> {
  const { journal: from, run: own } = await placedJournal(
    dataDir,
    databaseUrl,
    await folderBlobs(join(dataDir, "blobs")),
  );
  const opened: Journal[] = [from];
  const close = async () => {
    for (const journal of opened) await journal.close();
  };
  try {
    const run = await theRun(dataDir, own);
    const file = (await readJournalFile(dataDir))!;
    if (toUrl === undefined && file.place.kind === "sqlite") throw already(file.place);
    const { journal: to, place, shared } = await openJournal(dataDir, toUrl);
    opened.push(to);
    if (isSame(place, file.place)) throw already(place);
    await shared?.claim(run, file.folder);
    return { run, from, to, switch: () => writeJournalFile(dataDir, { ...file, place }), close };
  } catch (error) {
    await close();
    throw error;
  }
}

/** Named in the folder from now on, also in one that an older version left. */
async function theRun(dataDir: string, own: FolderRun): Promise<RunId> {
  const runs = await own.candidates();
  if (runs.length !== 1)
    throw new InputError("data folder", "one that holds a run", `${dataDir}, with ${runs.length}`);
  await own.claim(runs[0]!);
  await own.settle(runs[0]!);
  return runs[0]!;
}

function isSame(one: JournalPlace, other: JournalPlace): boolean {
  if (one.kind === "sqlite" || other.kind === "sqlite") return one.kind === other.kind;
  return one.database === other.database;
}

function already(place: JournalPlace): InputError {
  const shown = place.kind === "sqlite" ? "sqlite" : place.address;
  return new InputError("--to", "another place than the one where the journal is", shown);
}
