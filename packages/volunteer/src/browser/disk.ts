// A disk in the browser's private file system (OPFS): a folder a run and source.
//
// A writable stream of OPFS writes beside and takes the name over when it is closed, so a write is whole or not at all.

import type { Disk } from "../ports.ts";

export async function privateDisk(folder: string): Promise<Disk> {
  const open = async () => (await home()).getDirectoryHandle(folder, { create: true });
  let directory = await open();
  return {
    read: (name) => readFile(directory, name),
    write: (name, bytes) => writeFile(directory, name, bytes),
    remove: (name) => removeEntry(directory, name),
    names: async () => {
      const names: string[] = [];
      for await (const name of directory.keys()) if (!name.endsWith(".crswap")) names.push(name);
      return names;
    },
    clear: async () => {
      await removeEntry(await home(), folder);
      directory = await open();
    },
  };
}

async function home(): Promise<FileSystemDirectoryHandle> {
  const root = await navigator.storage.getDirectory();
  return root.getDirectoryHandle("homebody", { create: true });
}

/** A file beside the runs' folders: identity, and what was going on. */
export async function readHome(name: string): Promise<string | undefined> {
  const bytes = await readFile(await home(), name);
  return bytes && new TextDecoder().decode(bytes);
}

export async function writeHome(name: string, text: string): Promise<void> {
  await writeFile(await home(), name, new TextEncoder().encode(text));
}

/** Everything of Homebody's on this device. */
export async function clearHome(): Promise<void> {
  await removeEntry(await navigator.storage.getDirectory(), "homebody");
}

async function readFile(folder: FileSystemDirectoryHandle, name: string): Promise<Uint8Array | undefined> {
  try {
    const file = await (await folder.getFileHandle(name)).getFile();
    return new Uint8Array(await file.arrayBuffer());
  } catch (error) {
    if (isMissing(error)) return undefined;
    throw error;
  }
}

async function writeFile(folder: FileSystemDirectoryHandle, name: string, bytes: Uint8Array): Promise<void> {
  const handle = await folder.getFileHandle(name, { create: true });
  const stream = await handle.createWritable();
  try {
    await stream.write(bytes as Uint8Array<ArrayBuffer>);
  } catch (error) {
    await stream.abort().catch(() => {});
    throw error;
  }
  await stream.close();
}

async function removeEntry(folder: FileSystemDirectoryHandle, name: string): Promise<void> {
  try {
    await folder.removeEntry(name, { recursive: true });
  } catch (error) {
    if (!isMissing(error)) throw error;
  }
}

function isMissing(error: unknown): boolean {
  return error instanceof DOMException && error.name === "NotFoundError";
}
