// A backup of a run that may be at work [C48].
//
// The journal only grows, so its entries up to one of them are what it was at that moment. The blobs that it needed then are
// linked aside at once, where the coordinator cannot let go of them; if it let go of one before, the moment is taken anew.

import { existsSync } from "node:fs";
import { copyFile, link, mkdir, mkdtemp, open, rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Sha256 } from "@homebody/base";
import { usesOf } from "@homebody/coordinator";
import { version } from "@homebody/protocol";
import { foldJournal } from "@homebody/service";
import { blobFile, type FolderBlobs, folderBlobs, ifDamaged } from "@homebody/store";
import { create } from "tar";
import { adminTokenPath } from "./admin-token.ts";
import { type BackupHeader, backupForm } from "./backup-file.ts";
import { openFolder, type RunFolder } from "./reading.ts";

export interface BackupOptions {
  readonly dataDir: string;
  readonly databaseUrl?: string;
  /** The tar that is written. */
  readonly file: string;
}

export interface BackedUp {
  readonly entries: number;
  readonly blobs: number;
  /** Files of blobs that the run needs and that are missing or damaged: they are not in the backup. */
  readonly lost: readonly string[];
}

/** The file is there when it is whole. */
export async function backup({ dataDir, databaseUrl, file }: BackupOptions): Promise<BackedUp> {
  const folder = await openFolder(dataDir, databaseUrl);
  const stage = await mkdtemp(join(dataDir, "backup-")); // links do not leave a file system
  try {
    const { entries, blobs, lost } = await stageBlobs(folder, dataDir, stage);
    await writeJournal(folder, entries, join(stage, "journal.jsonl"));
    const hasToken = existsSync(adminTokenPath(dataDir));
    if (hasToken) await copyFile(adminTokenPath(dataDir), join(stage, "admin-token"));
    const header: BackupHeader = { form: backupForm, homebody: version, run: folder.run, entries };
    await writeFile(join(stage, "backup.json"), `${JSON.stringify(header)}\n`);
    const names = [
      "backup.json",
      "journal.jsonl",
      ...(hasToken ? ["admin-token"] : []),
      ...blobs.map(blobFile),
    ];
    await writeTar(file, stage, names);
    return { entries, blobs: blobs.length, lost: lost.map(blobFile) };
  } finally {
    await rm(stage, { recursive: true, force: true });
    await folder.close();
  }
}

interface Moment {
  /** Of the journal. */
  readonly entries: number;
  readonly needed: ReadonlySet<Sha256>;
  /** Named once, and kept by some hosts. */
  readonly named: ReadonlySet<Sha256>;
}

async function momentOf({ journal, run }: RunFolder): Promise<Moment> {
  const named = new Set<Sha256>();
  const fold = (await foldJournal(journal, run, {
    read: async (entries) => {
      for (const { fact } of entries) for (const [hash] of usesOf(fact)) named.add(hash);
    },
  }))!;
  return {
    entries: fold.figures.seq,
    needed: new Set(fold.blobs.uses().map(([hash]) => hash)),
    named,
  };
}

/** Links what one moment of the run needs into the stage, and looks into it. */
async function stageBlobs(folder: RunFolder, dataDir: string, stage: string) {
  const staged = await folderBlobs(join(stage, "blobs"));
  /** One that has no file of its own yet. */
  const copied = async (hash: Sha256) => {
    const bytes = await folder.blobs.get(hash).catch(ifDamaged);
    if (bytes !== undefined) await staged.put(bytes);
    return bytes !== undefined;
  };
  let moment = await momentOf(folder);
  for (;;) {
    const missing: Sha256[] = [];
    for (const hash of moment.named)
      if (!(await linked(dataDir, stage, hash)) && !(await copied(hash))) missing.push(hash);
    const lost = missing.filter((hash) => moment.needed.has(hash));
    const later = lost.length === 0 ? moment : await momentOf(folder);
    if (later.entries === moment.entries) return await whole(moment, lost, staged);
    moment = later;
  }
}

async function whole({ entries, named }: Moment, missing: readonly Sha256[], staged: FolderBlobs) {
  const blobs: Sha256[] = [];
  const lost = [...missing];
  for (const hash of named) {
    if ((await staged.size(hash)) === undefined) continue;
    if (await staged.isWhole(hash)) blobs.push(hash);
    else lost.push(hash);
  }
  return { entries, blobs, lost };
}

/** False where it has no file. */
async function linked(dataDir: string, stage: string, hash: Sha256): Promise<boolean> {
  const [from, to] = [join(dataDir, blobFile(hash)), join(stage, blobFile(hash))];
  await mkdir(join(to, ".."), { recursive: true });
  try {
    await link(from, to);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === "EEXIST") return true;
    if (code === "ENOENT") return false;
    // A file system without links: the bytes are looked into later.
    return copyFile(from, to).then(
      () => true,
      () => false,
    );
  }
  return true;
}

async function writeJournal({ journal, run }: RunFolder, entries: number, path: string): Promise<void> {
  const file = await open(path, "w", 0o600);
  try {
    for (let last = 0; last < entries; ) {
      const page = await journal.read(run, last, Math.min(1000, entries - last));
      await file.writeFile(page.map((entry) => `${JSON.stringify(entry)}\n`).join(""));
      last = page.at(-1)!.seq;
    }
  } finally {
    await file.close();
  }
}

async function writeTar(path: string, cwd: string, names: readonly string[]): Promise<void> {
  const part = `${path}.part`;
  try {
    await (await open(part, "w", 0o600)).close(); // it has the token in it
    await create({ file: part, cwd, portable: true }, [...names]);
    const file = await open(part, "r+");
    await file.sync().finally(() => file.close());
    await rename(part, path);
  } catch (error) {
    await rm(part, { force: true });
    throw error;
  }
}
