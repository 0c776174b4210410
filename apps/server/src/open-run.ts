// From a data folder and a run file to a run that can go on: the journal is read, or begun.
//
// A data folder holds one run. Its identity is the hash of the canonical run file with its texts; another file on
// the same folder is refused key by key, before anything is written.

import { InputError, type Millis, type RunId, sha256Of } from "@homebody/base";
import {
  type Entry,
  evolve,
  evolveFigures,
  type Fact,
  type Figures,
  type RunState,
} from "@homebody/coordinator";
import { differences, fixedPart, manifestOf, type RunManifest, shown } from "@homebody/protocol";
import type { Blobs, Journal } from "@homebody/store/ports";
import { bodyLayout, firstBody, parameterCounts } from "./body.ts";
import type { LoadedRunFile } from "./run-file.ts";
import { servedTexts } from "./texts.ts";

export interface OpenedRun {
  readonly manifest: RunManifest;
  readonly state: RunState;
  readonly figures: Figures;
  readonly entries: readonly Entry[];
  /** The run was here before. */
  readonly existed: boolean;
}

/** The data folder holds another run, or the same one with values that may not change. */
export class RunMismatch extends Error {
  readonly keys: readonly string[];

  constructor(folder: string, keys: readonly { key: string; was: unknown; is: unknown }[]) {
    const lines = keys.map(
      ({ key, was, is }) => `  ${key}: the run in this folder has ${shown(was)}, the file ${shown(is)}`,
    );
    super(
      `${folder} holds a run whose file differs where it may not:\n${lines.join("\n")}\n` +
        "Keep these values, or give the new run a data folder of its own.",
    );
    this.name = "RunMismatch";
    this.keys = keys.map(({ key }) => key);
  }
}

export async function openRun(
  { file, folder }: LoadedRunFile,
  { journal, blobs, dataDir, now }: { journal: Journal; blobs: Blobs; dataDir: string; now: Millis },
): Promise<OpenedRun> {
  if (file.variant !== "spec") throw new InputError("variant", "spec", file.variant);
  const manifest = manifestOf(file, await servedTexts(file, folder, async (bytes) => sha256Of(bytes)));
  bodyLayout(manifest); // an impossible model is said before anything is written
  const entries = await readJournal(journal, await onlyRun(journal, manifest.run));
  const first = entries[0]?.fact;
  if (first === undefined) {
    await servedTexts(file, folder, blobs.put);
    return await begin(manifest, { journal, blobs, now });
  }
  if (first.kind !== "created") throw new Error(`journal: expected a created fact first, got ${first.kind}`);
  const changed = differences(fixedPart(first.manifest), fixedPart(manifest));
  if (changed.length > 0) throw new RunMismatch(dataDir, changed);
  let state: RunState | undefined;
  for (const entry of entries) state = evolve(state, entry);
  const figures = evolveFigures(undefined, entries);
  return { manifest, state: state!, figures: figures!, entries, existed: true };
}

/** The run that a journal holds; the given one if it holds none. */
async function onlyRun(journal: Journal, wanted: RunId): Promise<RunId> {
  const runs = await journal.runs();
  if (runs.length > 1 && !runs.includes(wanted))
    throw new InputError("journal", "one run", `${runs.length}: ${runs.join(", ")}`);
  return runs.includes(wanted) ? wanted : (runs[0] ?? wanted);
}

async function begin(
  manifest: RunManifest,
  { journal, blobs, now }: { journal: Journal; blobs: Blobs; now: Millis },
): Promise<OpenedRun> {
  const bytes = firstBody(manifest);
  const body = await blobs.put(bytes);
  const parameters = parameterCounts(manifest);
  const fact: Fact = { kind: "created", manifest, parameters, body, bodyBytes: bytes.length };
  await journal.append(manifest.run, 0, now, [fact]);
  const entry: Entry = { seq: 1, at: now, fact };
  const figures = evolveFigures(undefined, [entry])!;
  return { manifest, state: evolve(undefined, entry), figures, entries: [entry], existed: false };
}

const page = 1000;

/** Every entry of a run. Facts are trusted: only a coordinator writes them. */
export async function readJournal(journal: Journal, run: RunId): Promise<readonly Entry[]> {
  const entries: Entry[] = [];
  for (;;) {
    const more = (await journal.read(run, entries.length, page)) as readonly Entry[];
    for (const entry of more) entries.push(entry);
    if (more.length < page) return entries;
  }
}
