// Work on a data folder whose coordinator is stopped, alone on it.

import { stat } from "node:fs/promises";
import { join } from "node:path";
import { InputError } from "@homebody/base";
import { FolderInUse, lockFolder, shownOwner } from "@homebody/store";

/** Throws an InputError where there is no run, or a coordinator is at work on it. */
export async function atRest<T>(dataDir: string, work: () => Promise<T>): Promise<T> {
  await stat(join(dataDir, "blobs")).catch(() => {
    throw new InputError("data folder", "one that holds a run", dataDir);
  });
  const lock = await lockFolder(dataDir, { pid: process.pid, port: null }).catch((error: unknown) => {
    if (!(error instanceof FolderInUse)) throw error;
    const owner = error.owner === undefined ? "" : ` (${shownOwner(error.owner)})`;
    const wanted = "a run at rest: stop its coordinator first, the next start goes on where it was";
    throw new InputError("data folder", wanted, `${dataDir}, which is in use${owner}`);
  });
  try {
    return await work();
  } finally {
    await lock.release();
  }
}
