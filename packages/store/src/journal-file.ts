// `journal.json`: in a data folder, where its journal is and which run of it is this folder's. So that no flag, and no file
// that is lost, begins another run in its place.

import { open, readFile } from "node:fs/promises";
import { join } from "node:path";
import { InputError, type RunId } from "@homebody/base";
import { isMissing, lastingRename } from "./sync.ts";

export type JournalPlace =
  | { readonly kind: "sqlite" }
  /** `database` is an id that the database has in itself; `address` is for people, and without a password. */
  | { readonly kind: "postgres"; readonly database: string; readonly address: string };

export interface JournalFile {
  /** By which a database knows this folder's run from those of other folders. */
  readonly folder: string;
  readonly place: JournalPlace;
  /** Null: it was about to begin. */
  readonly run: RunId | null;
}

const fileName = "journal.json";

/** Undefined in a folder that is new, or that an older version left. */
export async function readJournalFile(dataDir: string): Promise<JournalFile | undefined> {
  const path = join(dataDir, fileName);
  let text: string;
  try {
    text = await readFile(path, "utf8");
  } catch (error) {
    if (isMissing(error)) return undefined;
    throw error;
  }
  const file = parsed(text);
  if (file !== undefined) return file;
  throw new InputError(
    path,
    "where the journal is, as Homebody wrote it (take it from a backup)",
    text.slice(0, 80),
  );
}

/** Durable when it resolves: the old one or the new one, whenever the power goes. */
export async function writeJournalFile(dataDir: string, file: JournalFile): Promise<void> {
  const part = join(dataDir, `${fileName}.part`);
  const handle = await open(part, "w", 0o600);
  try {
    await handle.writeFile(`${JSON.stringify(file, null, 2)}\n`);
    await handle.sync();
  } finally {
    await handle.close();
  }
  await lastingRename(part, join(dataDir, fileName));
}

function parsed(text: string): JournalFile | undefined {
  try {
    const { folder, place, run } = JSON.parse(text) as JournalFile;
    const isPlace =
      place.kind === "sqlite" ||
      (place.kind === "postgres" && typeof place.database === "string" && typeof place.address === "string");
    const isRun = run === null || /^[0-9a-f]{64}$/.test(run);
    return typeof folder === "string" && isPlace && isRun ? { folder, place, run } : undefined;
  } catch {
    return undefined;
  }
}

/** What people call a database: never with its password. */
export function shownDatabase(url: string): string {
  try {
    const { username, host, pathname } = new URL(url);
    return `postgres://${username === "" ? "" : `${username}@`}${host}${pathname}`;
  } catch {
    return "a PostgreSQL";
  }
}
