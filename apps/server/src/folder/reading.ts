// A run's journal and blobs in a data folder, read beside a coordinator that may be at work on it.

import { existsSync } from "node:fs";
import { join } from "node:path";
import { InputError, type RunId } from "@homebody/base";
import {
  type FolderBlobs,
  folderBlobs,
  type Journal,
  postgresJournal,
  readJournalFile,
  sqliteJournal,
} from "@homebody/store";

export interface RunFolder {
  readonly run: RunId;
  readonly journal: Journal;
  readonly blobs: FolderBlobs;
  close(): Promise<void>;
}

/** Throws an InputError where there is no run. */
export async function openFolder(dataDir: string, databaseUrl?: string): Promise<RunFolder> {
  if (!existsSync(join(dataDir, "blobs")))
    throw new InputError("data folder", "one that holds a run", dataDir);
  const path = join(dataDir, "journal.sqlite");
  if (databaseUrl === undefined && !existsSync(path))
    throw new InputError(
      "--database",
      `the URL of the PostgreSQL that has the journal of ${dataDir}, since it is not in the folder`,
      "none",
    );
  const journal = databaseUrl === undefined ? sqliteJournal(path) : await postgresJournal(databaseUrl);
  try {
    const own = (await readJournalFile(dataDir))?.run;
    const runs = own == null ? await journal.runs() : [own];
    if (runs.length !== 1 || (await journal.lastSeq(runs[0]!)) === 0)
      throw new InputError(dataDir, "the journal of its run", `a journal of ${runs.length} others`);
    const blobs = await folderBlobs(join(dataDir, "blobs"));
    return { run: runs[0]!, journal, blobs, close: () => journal.close() };
  } catch (error) {
    await journal.close();
    throw error;
  }
}
