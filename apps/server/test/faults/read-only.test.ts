// A data folder on a disk that can only be read: said at the start, whatever is in the folder.

import { cpSync, mkdirSync } from "node:fs";
import { join } from "node:path";
import { afterEach, expect, test } from "vitest";
import { type SmallDisk, smallDisk } from "../../../../packages/store/test/small-disk.ts";
import { type World, world } from "./lossy-disk.ts";

let at: World | undefined;
let disk: SmallDisk | undefined;
afterEach(async () => {
  await at?.close();
  disk?.remove();
});

test("[P43] a folder that cannot be written is refused: a new one, an empty one, and one that has the run", async (context) => {
  disk = smallDisk(16);
  if (disk === undefined) return context.skip("only root may make a file system that is read-only");
  const { path } = disk;
  at = world({ rounds: 2 });
  await at.start();
  await at.stop();
  cpSync(at.dataDir, join(path, "data"), { recursive: true });
  mkdirSync(join(path, "empty"));
  disk.makeReadOnly();
  for (const name of ["new", "empty", "data"])
    await expect(at.start({ dataDir: join(path, name) }), name).rejects.toThrow(
      `data folder: expected one that this user may write, got ${join(path, name)} (`,
    );
});
