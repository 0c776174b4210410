// A disk in a folder of Node's: a write is made beside, synced and renamed.
//
// A file is read and written in one go. Node's own ways make one of each half megabyte, and each waits for a turn of the event loop:
// on wasm a training step leaves it one.

import { type FileHandle, mkdir, open, readdir, rename, rm } from "node:fs/promises";
import { join } from "node:path";
import type { Disk } from "../ports.ts";

export async function folderDisk(folder: string): Promise<Disk> {
  await mkdir(folder, { recursive: true, mode: 0o700 });
  return {
    read: async (name) => {
      const file = await openIfThere(join(folder, name));
      if (file === undefined) return undefined;
      try {
        return await wholeOf(file);
      } finally {
        await file.close();
      }
    },
    write: async (name, bytes) => {
      const part = join(folder, `${name}.part`);
      const file = await open(part, "w", 0o600);
      try {
        await writeWhole(file, bytes);
        await file.sync();
      } finally {
        await file.close();
      }
      await rename(part, join(folder, name));
    },
    remove: (name) => rm(join(folder, name), { force: true }),
    names: async () => (await readdir(folder)).filter((name) => !name.endsWith(".part")),
    clear: async () => {
      await rm(folder, { recursive: true, force: true });
      await mkdir(folder, { recursive: true, mode: 0o700 });
    },
  };
}

/** Of what one call of the system takes. */
const mostAtOnce = 2 ** 30;

async function openIfThere(path: string): Promise<FileHandle | undefined> {
  try {
    return await open(path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw error;
  }
}

async function wholeOf(file: FileHandle): Promise<Uint8Array> {
  const bytes = new Uint8Array((await file.stat()).size);
  for (let at = 0; at < bytes.length; ) {
    const { bytesRead } = await file.read(bytes, at, Math.min(mostAtOnce, bytes.length - at), at);
    if (bytesRead === 0) throw new Error("a file became shorter while it was read");
    at += bytesRead;
  }
  return bytes;
}

async function writeWhole(file: FileHandle, bytes: Uint8Array): Promise<void> {
  for (let at = 0; at < bytes.length; )
    at += (await file.write(bytes, at, Math.min(mostAtOnce, bytes.length - at), at)).bytesWritten;
}
