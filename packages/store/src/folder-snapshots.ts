// Snapshots in a folder: snapshots/<run>.json, whatever database the journal is in.
//
// Written beside and renamed, so that a process that is killed leaves the earlier one. Nothing is synced: after a power cut
// the file may be empty, and whoever reads it makes it again.

import { readFile } from "node:fs/promises";
import { join } from "node:path";
import type { RunId } from "@homebody/base";
import type { Snapshots } from "./ports.ts";
import { type Disk, disk, isMissing, lastingFolder, removeFile } from "./sync.ts";

export async function folderSnapshots(folder: string, on: Disk = disk): Promise<Snapshots> {
  await lastingFolder(folder, on);
  const pathOf = (run: RunId) => join(folder, `${run}.json`);
  return {
    read: async (run) => {
      try {
        return await readFile(pathOf(run), "utf8");
      } catch (error) {
        if (isMissing(error)) return undefined;
        throw error;
      }
    },
    write: async (run, text) => {
      const part = `${pathOf(run)}.part`;
      try {
        const file = await on.open(part, "w", 0o600);
        await file.writeFile(text).finally(() => file.close());
        await on.rename(part, pathOf(run));
      } catch (error) {
        await removeFile(part, on).catch(() => {});
        throw error;
      }
    },
  };
}
