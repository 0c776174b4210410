// One coordinator a folder: a lock that names its owner.
//
// The lock is an open transaction on a SQLite database of its own. The operating system lets go of it with the
// process, however that ends (kill -9, power cut), so there is no stale lock to judge. Who holds it is written beside
// it, for the sentence that refuses the second.

import { readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { InputError } from "@homebody/base";
import Database from "libsql";

export interface Owner {
  readonly pid: number;
  /** Null: it serves nothing, and will soon be done. */
  readonly port: number | null;
}

export interface FolderLock {
  release(): Promise<void>;
}

export class FolderInUse extends Error {
  readonly owner: Owner | undefined;

  constructor(folder: string, owner: Owner | undefined) {
    const who = owner ? ` (${shownOwner(owner)})` : "";
    super(
      `${folder} is in use by another coordinator${who}: stop that one, or give this one a folder of its own`,
    );
    this.name = "FolderInUse";
    this.owner = owner;
  }
}

/** `process 12, port 8080`. */
export function shownOwner({ pid, port }: Owner): string {
  return port === null ? `process ${pid}` : `process ${pid}, port ${port}`;
}

export async function lockFolder(folder: string, owner: Owner): Promise<FolderLock> {
  const ownerPath = join(folder, "lock.json");
  const database = new Database(join(folder, "lock"));
  try {
    database.pragma("busy_timeout = 0");
    database.exec("BEGIN EXCLUSIVE");
  } catch (error) {
    database.close();
    const { code = "", message } = error as { code?: string; message: string };
    if (/^SQLITE_(NOTADB|CORRUPT)/.test(code))
      throw new InputError(
        join(folder, "lock"),
        "a lock of ours (remove the file: it holds nothing)",
        message,
      );
    if (!/^SQLITE_BUSY/.test(code)) throw error;
    throw new FolderInUse(folder, await ownerIn(ownerPath));
  }
  const letGo = () => {
    database.exec("ROLLBACK"); // closing alone lets go only when the handle is collected
    database.close();
  };
  try {
    await writeFile(ownerPath, JSON.stringify(owner), { mode: 0o600 });
  } catch (error) {
    letGo();
    throw error;
  }
  return {
    release: async () => {
      await rm(ownerPath, { force: true });
      letGo();
    },
  };
}

/** It may have the lock and not have written its name yet. */
async function ownerIn(path: string): Promise<Owner | undefined> {
  for (let attempt = 0; attempt < 5; attempt++) {
    try {
      const { pid, port } = JSON.parse(await readFile(path, "utf8")) as Partial<Owner>;
      if (typeof pid === "number" && (typeof port === "number" || port === null)) return { pid, port };
    } catch {}
    await sleep(20);
  }
  return undefined;
}
