// A disk in memory: for tests, and for those of whom nothing is to be kept.

import type { Disk } from "../ports.ts";

export function memoryDisk(
  files = new Map<string, Uint8Array>(),
): Disk & { readonly files: Map<string, Uint8Array> } {
  return {
    files,
    read: async (name) => files.get(name)?.slice(),
    write: async (name, bytes) => void files.set(name, bytes.slice()),
    remove: async (name) => void files.delete(name),
    names: async () => [...files.keys()],
    clear: async () => files.clear(),
  };
}
