// A run brought back from a backup [C48], to a data folder that is not there yet. It is made beside, held to its hashes and its
// journal's form, and gets its name when it is whole.

import { createReadStream, existsSync } from "node:fs";
import { chmod, mkdir, open, readdir, readFile, rename, rm } from "node:fs/promises";
import { join, resolve } from "node:path";
import { createInterface } from "node:readline";
import { InputError, type RunId } from "@homebody/base";
import { createdManifest, namesOf, readEntry } from "@homebody/coordinator";
import type { RunManifest } from "@homebody/protocol";
import { foldJournal } from "@homebody/service";
import { blobFile, type JournalEntry, openStore, type Store } from "@homebody/store";
import { extract } from "tar";
import { type BackupHeader, isOfBackup, readHeader } from "./backup-file.ts";

export interface RestoreOptions {
  readonly file: string;
  readonly dataDir: string;
  /** Where the journal is to be; without it SQLite in the folder. */
  readonly databaseUrl?: string;
}

export interface Restored {
  readonly run: RunId;
  readonly entries: number;
  readonly blobs: number;
  /** Files of blobs that the run needs and that the backup does not have. */
  readonly lost: readonly string[];
}

/** Throws an InputError where the file is no backup, or is damaged, or something is in the folder. */
export async function restore({ file, dataDir, databaseUrl }: RestoreOptions): Promise<Restored> {
  if (existsSync(dataDir) && (await readdir(dataDir)).length > 0)
    throw new InputError("--to", "a folder that is empty or not there yet", dataDir);
  const stage = `${resolve(dataDir)}.restoring`;
  await rm(stage, { recursive: true, force: true }); // of a restore that was cut off
  await mkdir(stage, { recursive: true, mode: 0o700 });
  try {
    const header = await takeOut(file, stage);
    const store = await openStore(
      databaseUrl === undefined ? { dataDir: stage } : { dataDir: stage, databaseUrl },
    );
    let found: Pick<Restored, "blobs" | "lost">;
    try {
      await fillJournal(store, header, join(stage, "journal.jsonl"));
      found = await lookInto(store, header, stage);
    } finally {
      await store.close();
    }
    for (const name of ["backup.json", "journal.jsonl"]) await rm(join(stage, name));
    await rm(dataDir, { recursive: true, force: true }); // empty
    await rename(stage, dataDir);
    return { run: header.run, entries: header.entries, ...found };
  } catch (error) {
    await rm(stage, { recursive: true, force: true });
    throw error;
  }
}

async function takeOut(file: string, stage: string): Promise<BackupHeader> {
  const no = (got: string) =>
    new InputError(file, "a backup (a tar that `homebody backup` wrote, whole)", got);
  await extract({
    file,
    cwd: stage,
    strict: true,
    filter: (path, entry) => isOfBackup(path) && "type" in entry && entry.type === "File",
  }).catch((error: Error) => {
    throw no(error.message);
  });
  const text = await readFile(join(stage, "backup.json"), "utf8").catch(() => {
    throw no("no backup.json in it");
  });
  const header = readHeader(text, file);
  if (!existsSync(join(stage, "journal.jsonl"))) throw no("no journal.jsonl in it");
  await chmod(join(stage, "admin-token"), 0o600).catch(() => {}); // without one a new one is made
  return header;
}

/** Entry after entry, those of one time together. */
async function fillJournal(
  { journal, run: own }: Store,
  { run, entries }: BackupHeader,
  path: string,
): Promise<void> {
  if ((await journal.lastSeq(run)) > 0)
    throw new InputError("--database", "one without this run", `run ${run.slice(0, 8)}, which is there`);
  await own.claim(run);
  let group: JournalEntry[] = [];
  let last = 0;
  let manifest: RunManifest | undefined;
  const flush = async () => {
    if (group.length === 0) return;
    const known = group.map((entry) => readEntry(entry));
    manifest ??= createdManifest(known);
    const names = namesOf(manifest, known);
    const facts = group.map(({ fact }) => fact);
    last = await journal.append(run, last, group[0]!.at, facts, names);
    group = [];
  };
  for await (const line of createInterface({ input: createReadStream(path) })) {
    const entry = JSON.parse(line) as JournalEntry;
    if (group.length > 0 && group[0]!.at !== entry.at) await flush();
    group.push(entry);
  }
  await flush();
  if (last !== entries) throw new InputError(path, `${entries} entries`, `${last}`);
  await own.settle(run);
}

/** Every blob is what its name promises, and on the disk. */
async function lookInto({ blobs, journal }: Store, { run }: BackupHeader, stage: string) {
  const hashes = await blobs.list();
  for (const hash of hashes) {
    await blobs.get(hash); // throws where it is damaged
    const path = join(stage, blobFile(hash));
    await chmod(path, 0o600);
    const file = await open(path, "r+");
    await file.sync().finally(() => file.close());
  }
  const fold = (await foldJournal(journal, run))!;
  const there = new Set(hashes);
  const lost = fold.blobs.uses().flatMap(([hash]) => (there.has(hash) ? [] : [blobFile(hash)]));
  return { blobs: hashes.length, lost };
}
