// Reads one file after another into the same memory, which is as large as the largest of them was.

import { closeSync, openSync, readSync } from "node:fs";
import { memory } from "@homebody/base";
import type { DeltaFile } from "./messages.ts";

/** What it read is good until it reads again; fewer bytes than it was told of where the file has fewer. */
export function fileReader(): (file: DeltaFile) => Uint8Array {
  const place = memory((size) => new Uint8Array(size));
  return ({ path, sizeBytes }) => {
    const bytes = place(sizeBytes);
    const file = openSync(path, "r");
    try {
      let at = 0;
      for (let taken = -1; taken !== 0 && at < sizeBytes; at += taken)
        taken = readSync(file, bytes, at, sizeBytes - at, at);
      return bytes.subarray(0, at);
    } finally {
      closeSync(file);
    }
  };
}
