// What the host serves of a source, as a device makes of it what it trains on: for those who measure, and have no device's folder.

import { systemClock } from "@homebody/clock";
import type { ManifestSource, RunManifest } from "@homebody/protocol";
import type { Tokenizer } from "@homebody/text";
import { memoryDisk } from "../memory/disk.ts";
import type { Net } from "../ports.ts";
import { type PrepareInputs, prepareText, servedTokenizer } from "../prepare.ts";
import type { Text } from "../text-file.ts";

/** Served files by their path, of a coordinator or of its blobs. */
export type ServedFiles = Pick<Net, "download">;

const inputsOf = (net: ServedFiles): PrepareInputs => ({
  net,
  disk: memoryDisk(),
  clock: systemClock,
  report: () => {},
  signal: new AbortController().signal,
});

/** The very text that the source's volunteers prepare. Throws an InputError where its text is brought. */
export const textServed = (
  manifest: RunManifest,
  source: ManifestSource,
  files: ServedFiles,
): Promise<Text> => prepareText(manifest, source, null, inputsOf(files));

/** Undefined where each device trains its own. */
export const tokenizerServed = (source: ManifestSource, files: ServedFiles): Promise<Tokenizer | undefined> =>
  servedTokenizer(source, inputsOf(files));
