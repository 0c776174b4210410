// Making files last: what is synced is on the disk, and so is the name that it has in its folder.

import * as fs from "node:fs/promises";
import { dirname } from "node:path";

/** By which files are written: the machine's, or in tests one that fails when it is told to. */
export type Disk = Pick<typeof fs, "mkdir" | "open" | "rename" | "unlink">;
export const disk: Disk = fs;

/** It is gone, or was not there. */
export async function removeFile(path: string, on: Disk = disk): Promise<void> {
  await on.unlink(path).catch((error) => {
    if (!isMissing(error)) throw error;
  });
}

/** Folders cannot be opened for syncing on Windows; its file system journals names by itself. */
export async function syncFolder(path: string, on: Disk = disk): Promise<void> {
  if (process.platform === "win32") return;
  const handle = await on.open(path, "r");
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/** A folder, and its name in the folder above. */
export async function lastingFolder(path: string, on: Disk = disk): Promise<void> {
  const made = await on.mkdir(path, { recursive: true, mode: 0o700 });
  if (made !== undefined) await syncFolder(dirname(made), on);
}

/** A file that is synced already, under its final name. Where it fails the file is where it was. */
export async function lastingRename(from: string, to: string, on: Disk = disk): Promise<void> {
  try {
    await on.rename(from, to);
  } catch (error) {
    if (!isMissing(error)) throw error;
    await lastingFolder(dirname(to), on);
    await on.rename(from, to);
  }
  try {
    await syncFolder(dirname(to), on);
  } catch (error) {
    await on.rename(to, from).catch(() => {}); // the first error is the one to tell
    throw error;
  }
}

/** What a file has, if it is there, on the disk. */
export async function syncFile(path: string, on: Disk = disk): Promise<void> {
  try {
    const file = await on.open(path, "r+");
    await file.sync().finally(() => file.close());
  } catch (error) {
    if (!isMissing(error)) throw error;
  }
}

/** All of the bytes in a file of this name, on the disk. Where it fails nothing of it stays. */
export async function writeSynced(path: string, bytes: Uint8Array, on: Disk = disk): Promise<void> {
  try {
    const file = await on.open(path, "w", 0o600);
    try {
      await file.writeFile(bytes);
      await file.sync();
    } finally {
      await file.close();
    }
  } catch (error) {
    await removeFile(path, on).catch(() => {});
    throw error;
  }
}

export function isMissing(error: unknown): boolean {
  return (error as NodeJS.ErrnoException).code === "ENOENT";
}
