// Storage of a coordinator: ports, their adapters, and how they are put together in a data folder.

import { join } from "node:path";
import { folderBlobs } from "./folder.ts";
import { folderSnapshots } from "./folder-snapshots.ts";
import { folderSpool } from "./folder-spool.ts";
import type { Blobs, Journal, Snapshots, Spool } from "./ports.ts";
import { postgresJournal } from "./postgres.ts";
import { sqliteJournal } from "./sqlite.ts";
import { lastingFolder } from "./sync.ts";

export { folderBlobs } from "./folder.ts";
export { folderSnapshots } from "./folder-snapshots.ts";
export { folderSpool } from "./folder-spool.ts";
export { FolderInUse, type FolderLock, lockFolder, type Owner, shownOwner } from "./lock.ts";
export { memoryBlobs, memoryJournal, memorySnapshots, memorySpool } from "./memory.ts";
export * from "./ports.ts";
export { postgresJournal } from "./postgres.ts";
export { sqliteJournal } from "./sqlite.ts";

export interface Store {
  readonly journal: Journal;
  readonly blobs: Blobs;
  readonly spool: Spool;
  readonly snapshots: Snapshots;
  close(): Promise<void>;
}

export interface StoreOptions {
  readonly dataDir: string;
  /** postgres://...; without one the journal is SQLite in the data folder. */
  readonly databaseUrl?: string;
}

export async function openStore({ dataDir, databaseUrl }: StoreOptions): Promise<Store> {
  await lastingFolder(dataDir);
  const blobs = await folderBlobs(join(dataDir, "blobs"));
  const spool = await folderSpool(join(dataDir, "spool"), blobs);
  const snapshots = await folderSnapshots(join(dataDir, "snapshots"));
  const journal =
    databaseUrl === undefined
      ? sqliteJournal(join(dataDir, "journal.sqlite"))
      : await postgresJournal(databaseUrl);
  const close = async () => {
    await spool.close();
    await journal.close();
  };
  return { journal, blobs, spool, snapshots, close };
}
