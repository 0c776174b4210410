// From a data folder and a run file to a run that can go on: the journal is read, or begun.
//
// A data folder holds one run, whose manifest was stored when it was created, every default included. A file on that folder
// is compared in what is written in it: other values of what may not change are refused key by key, before anything is
// written; what may change becomes a fact; what it leaves out stays as it was, whatever the defaults are today.

import { InputError, type Millis, type RunId, sha256Of } from "@homebody/base";
import {
  type Entry,
  evolve,
  evolveFigures,
  type Fact,
  type Figures,
  type RunState,
  readEntry,
} from "@homebody/coordinator";
import { exchangeOf, parameterCounts } from "@homebody/dept";
import {
  type Difference,
  fixedDifferences,
  manifestOf,
  type RunManifest,
  schemaVersion,
  shown,
  version,
  withChanges,
} from "@homebody/protocol";
import type { Blobs, Journal } from "@homebody/store/ports";
import type { LoadedRunFile } from "./run-file.ts";
import { putFirstBody } from "./sections.ts";
import { servedTexts } from "./texts.ts";

export interface OpenedRun {
  readonly state: RunState;
  /** The run's manifest with what the file changes of it; as it is where the file changes nothing. */
  readonly changed: RunManifest;
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

/** The run in the folder, if there is one; else a new one by the file. */
export async function openRun(
  { file, folder, written }: LoadedRunFile,
  { journal, blobs, dataDir, now }: { journal: Journal; blobs: Blobs; dataDir: string; now: Millis },
): Promise<OpenedRun> {
  const ofFile = manifestOf(file, await servedTexts(file, folder, async (bytes) => sha256Of(bytes)));
  exchangeOf(ofFile); // an impossible model is said before anything is written
  const found = await findRun(journal, ofFile, written);
  if (found === undefined) {
    await servedTexts(file, folder, blobs.put);
    return await begin(ofFile, { journal, blobs, now });
  }
  if (found.differences.length > 0) throw new RunMismatch(dataDir, found.differences);
  const { entries } = found;
  let state: RunState | undefined;
  for (const entry of entries) state = evolve(state, entry);
  const figures = evolveFigures(undefined, entries);
  const changed = withChanges(state!.manifest, file, written);
  return { state: state!, changed, figures: figures!, entries, existed: true };
}

interface FoundRun {
  readonly entries: readonly Entry[];
  /** Between what is stored and what is written in the file, of what may not change. */
  readonly differences: readonly Difference[];
}

/**
 * A data folder has one run: that one, whatever its file says. A database may have several: the one that the file fits.
 * By what is stored and not by an id made anew, so that a run is found whatever became of defaults.
 */
async function findRun(
  journal: Journal,
  ofFile: RunManifest,
  written: unknown,
): Promise<FoundRun | undefined> {
  const runs = await journal.runs();
  const read = async (run: RunId, limit?: number): Promise<FoundRun> => {
    const entries = await readJournal(journal, run, limit);
    const first = entries[0]?.fact;
    if (first?.kind !== "created")
      throw new Error(`journal: expected a created fact first, got ${first?.kind ?? "none"}`);
    return { entries, differences: fixedDifferences(first.manifest, ofFile, written) };
  };
  if (runs.length <= 1) return runs[0] && (await read(runs[0]));
  for (const run of runs) if ((await read(run, 1)).differences.length === 0) return await read(run);
  throw new InputError(
    "journal",
    "one run, or one that the run file fits",
    `${runs.length}: ${runs.join(", ")}`,
  );
}

async function begin(
  manifest: RunManifest,
  { journal, blobs, now }: { journal: Journal; blobs: Blobs; now: Millis },
): Promise<OpenedRun> {
  const sections = await putFirstBody(manifest, blobs);
  const fact: Fact = {
    kind: "created",
    schema: schemaVersion,
    homebody: version,
    manifest,
    parameters: parameterCounts(manifest),
    sections,
  };
  await journal.append(manifest.run, 0, now, [fact]);
  const entry: Entry = { seq: 1, at: now, fact };
  const figures = evolveFigures(undefined, [entry])!;
  return { state: evolve(undefined, entry), changed: manifest, figures, entries: [entry], existed: false };
}

const page = 1000;

/** The entries of a run, all or the first so many, in today's form. */
export async function readJournal(
  journal: Journal,
  run: RunId,
  limit = Number.POSITIVE_INFINITY,
): Promise<readonly Entry[]> {
  const entries: Entry[] = [];
  while (entries.length < limit) {
    const more = await journal.read(run, entries.length, Math.min(page, limit - entries.length));
    for (const entry of more) entries.push(readEntry(entry));
    if (more.length < page) break;
  }
  return entries;
}
