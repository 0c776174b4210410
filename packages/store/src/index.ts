// Storage of a coordinator: ports, their adapters, and how they are put together in a data folder.

import { join } from "node:path";
import { folderBlobs } from "./folder.ts";
import { folderSnapshots } from "./folder-snapshots.ts";
import { folderSpool } from "./folder-spool.ts";
import { type FolderRun, placedJournal } from "./place.ts";
import type { Blobs, Journal, Snapshots, Spool } from "./ports.ts";
import { lastingFolder } from "./sync.ts";

export { type FolderBlobs, folderBlobs } from "./folder.ts";
export { folderSnapshots } from "./folder-snapshots.ts";
export { folderSpool } from "./folder-spool.ts";
export { readJournalFile } from "./journal-file.ts";
export { FolderInUse, type FolderLock, lockFolder, type Owner, shownOwner } from "./lock.ts";
export { memoryBlobs, memoryJournal, memorySnapshots, memorySpool } from "./memory.ts";
export { type MovingJournal, movingJournal } from "./moving.ts";
export type { FolderRun } from "./place.ts";
export * from "./ports.ts";
export { type PostgresJournal, postgresJournal } from "./postgres.ts";
export { sqliteJournal } from "./sqlite.ts";
export type { Disk } from "./sync.ts";

export interface Store {
  readonly journal: Journal;
  readonly blobs: Blobs;
  readonly spool: Spool;
  readonly snapshots: Snapshots;
  /** Which run of the journal is the folder's. */
  readonly run: FolderRun;
  close(): Promise<void>;
}

export interface StoreOptions {
  readonly dataDir: string;
  /** postgres://...; without one the journal is SQLite in the data folder. It has to be the folder's. */
  readonly databaseUrl?: string;
}

/**
 * For whoever has the folder's lock. Throws an InputError where the folder's journal is another one, or is gone; RunInUse where
 * its run is in use elsewhere.
 */
export async function openStore({ dataDir, databaseUrl }: StoreOptions): Promise<Store> {
  await lastingFolder(dataDir);
  const blobs = await folderBlobs(join(dataDir, "blobs"));
  await blobs.takeLog();
  const spool = await folderSpool(join(dataDir, "spool"), blobs);
  const snapshots = await folderSnapshots(join(dataDir, "snapshots"));
  const { journal, run } = await placedJournal(dataDir, databaseUrl, blobs).catch(async (error) => {
    await blobs.close();
    throw error;
  });
  const close = async () => {
    await spool.close();
    await blobs.close();
    await journal.close();
  };
  return { journal, blobs, spool, snapshots, run, close };
}
