// A browser's file as one that is brought.

import type { BroughtFile } from "../brought.ts";

export const fileOf = (file: File): BroughtFile & { readonly size: number } => ({
  name: file.name,
  size: file.size,
  bytes: async () => new Uint8Array(await file.arrayBuffer()),
});
