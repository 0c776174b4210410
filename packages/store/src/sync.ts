// Making files last: what is synced is on the disk, and so is the name that it has in its folder.

import { mkdir, open, rename } from "node:fs/promises";
import { dirname } from "node:path";

/** Folders cannot be opened for syncing on Windows; its file system journals names by itself. */
export async function syncFolder(path: string): Promise<void> {
  if (process.platform === "win32") return;
  const handle = await open(path, "r");
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/** A folder, and its name in the folder above. */
export async function lastingFolder(path: string): Promise<void> {
  const made = await mkdir(path, { recursive: true, mode: 0o700 });
  if (made !== undefined) await syncFolder(dirname(made));
}

/** A file that is synced already, under its final name. */
export async function lastingRename(from: string, to: string): Promise<void> {
  await lastingFolder(dirname(to));
  await rename(from, to);
  await syncFolder(dirname(to));
}

export function isMissing(error: unknown): boolean {
  return (error as NodeJS.ErrnoException).code === "ENOENT";
}
