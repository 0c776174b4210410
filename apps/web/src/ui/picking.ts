// Files that are picked or dropped. What somebody names is taken, whatever it is; of a folder only what may be text, but for empty and hidden files.

import { isTextFile } from "@homebody/text";

export interface Picked {
  readonly files: readonly File[];
  /** Files of folders that were left out. */
  readonly leftOut: number;
}

/** Of a file input; those of a folder have a path. */
export function picked(list: FileList | null): Picked {
  return sifted([...(list ?? [])].map((file) => ({ file, path: file.webkitRelativePath })));
}

/** Of a drop, folders included. Has to be called while the event is handled: later the browser has nothing any more. */
export async function dropped({ items, files }: DataTransfer): Promise<Picked> {
  const entries = [...items].map((item) => item.webkitGetAsEntry()).filter((entry) => entry !== null);
  if (entries.length === 0) return picked(files);
  return sifted((await Promise.all(entries.map((entry) => filesOf(entry, "")))).flat());
}

/** `path` is empty for a file that was named itself. */
interface Found {
  readonly file: File;
  readonly path: string;
}

function sifted(found: readonly Found[]): Picked {
  const taken = found.filter(
    ({ file, path }) => path === "" || (isTextFile(path) && !isHidden(path) && file.size > 0),
  );
  return { files: taken.map(({ file }) => file), leftOut: found.length - taken.length };
}

const isHidden = (path: string) => path.split("/").some((name) => name.startsWith("."));

async function filesOf(entry: FileSystemEntry, folder: string): Promise<readonly Found[]> {
  const path = folder === "" ? "" : `${folder}/${entry.name}`;
  if (entry.isFile) {
    const file = await new Promise<File>((resolve, reject) =>
      (entry as FileSystemFileEntry).file(resolve, reject),
    );
    return [{ file, path }];
  }
  const within = await entriesOf(entry as FileSystemDirectoryEntry);
  const found = await Promise.all(within.map((one) => filesOf(one, path || entry.name)));
  return found.flat();
}

/** A reader gives some at a time, and none at the end. */
async function entriesOf(folder: FileSystemDirectoryEntry): Promise<readonly FileSystemEntry[]> {
  const reader = folder.createReader();
  const all: FileSystemEntry[] = [];
  for (;;) {
    const some = await new Promise<FileSystemEntry[]>((resolve, reject) =>
      reader.readEntries(resolve, reject),
    );
    if (some.length === 0) return all.sort((a, b) => (a.name < b.name ? -1 : 1));
    all.push(...some);
  }
}
