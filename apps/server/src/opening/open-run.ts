// From a data folder and a run file to a run that can go on: the journal is read, or begun.
//
// A data folder holds one run, whose manifest was stored when it was created, every default included. A file on that folder
// is compared in what is written in it: other values of what may not change are refused key by key, before anything is
// written; what may change becomes a fact, and so does a source that the run does not have yet; what it leaves out stays as it was,
// whatever the defaults are today.

import { InputError, type RunId, sha256Of } from "@homebody/base";
import { endsBy, type RunFold, readEntry, withJoining } from "@homebody/coordinator";
import { exchangeOf, isGiven } from "@homebody/dept";
import {
  type Difference,
  fixedDifferences,
  manifestOf,
  type RunManifest,
  shown,
  sourcesToJoin,
  withChanges,
} from "@homebody/protocol";
import { beginRun, putFirst, resumeRun } from "@homebody/service";
import type { FolderRun } from "@homebody/store";
import type { Journal } from "@homebody/store/ports";
import { type JoiningInputs, joinSources, type NewSource } from "./joining.ts";
import type { LoadedRunFile } from "./run-file.ts";
import { type RunStart, readStart } from "./start.ts";
import { placeInFile, servedTexts } from "./texts.ts";
import { givenTokenizers, manifestServed } from "./tokenizers.ts";

export interface RunInFolder extends RunFold {
  /** The run's manifest with what the file changes of it; as it is where the file changes nothing. */
  readonly changed: RunManifest;
  /** Sources of the file that the run does not have: no further round opens. */
  readonly leftOut: readonly string[];
  /** The run was here before. */
  readonly existed: boolean;
  /** What the host should know of what a new run starts from. */
  readonly notices: readonly string[];
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

export interface OpenRunInputs extends JoiningInputs {
  readonly dataDir: string;
  /** Which run of the journal is the folder's. */
  readonly run: FolderRun;
  /** The file may end the run, by as few rounds as are done or fewer [C42]. */
  readonly end?: boolean;
  /** The file may reopen a run at its end, by more rounds; true unless it is given. */
  readonly extend?: boolean;
}

/** The run in the folder, if there is one; else a new one by the file. */
export async function openRun(loaded: LoadedRunFile, inputs: OpenRunInputs): Promise<RunInFolder> {
  const { file, folder, written } = loaded;
  const { blobs, dataDir, run } = inputs;
  const hash = async (bytes: Uint8Array) => sha256Of(bytes);
  const start = await readStart(file, folder);
  const ofFile = manifestOf(
    file,
    await servedTexts(file, folder, hash),
    await givenTokenizers(file, folder, hash, { start }),
    start?.start,
  );
  exchangeOf(ofFile); // an impossible model is said before anything is written
  const found = await findRun(inputs, ofFile, written);
  if (found === undefined) {
    await run.begin();
    const manifest = await manifestServed(file, folder, blobs, { start });
    await run.claim(manifest.run);
    const fold = await beginRun(manifest, { ...inputs, ...(start && { given: await start.numbers() }) });
    await run.settle(manifest.run);
    return { ...fold, changed: manifest, leftOut: [], existed: false, notices: start?.notices ?? [] };
  }
  if (found.differences.length > 0) throw new RunMismatch(dataDir, found.differences);
  const { fold } = found;
  const changed = changesOf(fold, loaded, inputs);
  await run.claim(fold.state.manifest.run);
  await run.settle(fold.state.manifest.run);
  // [C45] What the host serves is made again of its files, where the folder has lost it.
  if (await hasLostServed(fold.state.manifest, inputs)) await manifestServed(file, folder, blobs, { start });
  if (start !== null) await mendStart(fold, start, inputs);
  await joinSources(fold, newSources(fold, loaded), inputs);
  const { state } = fold;
  return {
    ...fold,
    changed: { ...withChanges(state.manifest, file, written), rounds: changed.rounds },
    leftOut: sourcesToJoin(withJoining(state), file).map(({ id }) => id),
    existed: true,
    notices: [],
  };
}

/** Throws an InputError where they would end the run and nobody said so [C42]. */
function changesOf({ state }: RunFold, { file, written }: LoadedRunFile, inputs: OpenRunInputs): RunManifest {
  const changed = withChanges(state.manifest, file, written);
  const { end = false, extend = true } = inputs;
  if (!end && endsBy(state, changed.rounds)) {
    const done = state.body.number;
    throw new InputError(
      "rounds",
      `more than the ${done} that are done (to end the run with them: --end)`,
      String(changed.rounds),
    );
  }
  return extend || state.phase.kind !== "finished" ? changed : { ...changed, rounds: state.manifest.rounds };
}

async function hasLostServed({ sources }: RunManifest, { blobs }: OpenRunInputs): Promise<boolean> {
  for (const { served, tokenizer } of sources) {
    const files = [served?.train, served?.heldOut, served?.rows?.sha256, tokenizer?.sha256];
    for (const hash of files) if (hash && (await blobs.size(hash)) === undefined) return true;
  }
  return false;
}

/** [C45] What the folder gives of body 0, which stays for good: the same bytes again, where any of it is lost. */
async function mendStart(
  { figures, state: { manifest } }: RunFold,
  start: RunStart,
  { blobs }: OpenRunInputs,
): Promise<void> {
  const given = exchangeOf(manifest).sections.filter((section) => isGiven(manifest, section));
  const names = new Set(given.map(({ name }) => name));
  const first = figures.now().bodies.find(({ number }) => number === 0);
  const files = (first?.sections ?? []).filter(({ name }) => names.has(name));
  const sizes = await Promise.all(files.map(({ sha256 }) => blobs.size(sha256)));
  if (sizes.includes(undefined)) await putFirst(manifest, given, blobs, await start.numbers());
}

function newSources({ state }: RunFold, { file, folder }: LoadedRunFile): readonly NewSource[] {
  return sourcesToJoin(withJoining(state), file).map((source) => {
    const i = file.sources.indexOf(source);
    return { source, folder, place: (key) => placeInFile(i, key) };
  });
}

interface FoundRun {
  readonly fold: RunFold;
  /** Between what is stored and what is written in the file, of what may not change. */
  readonly differences: readonly Difference[];
}

/**
 * A data folder has one run: that one, whatever its file says. One that does not name it yet (journal.json is of 0.4) may have
 * had it in a database with several: the one that the file fits.
 * By what is stored and not by an id made anew, so that a run is found whatever became of defaults.
 */
async function findRun(
  inputs: OpenRunInputs,
  ofFile: RunManifest,
  written: unknown,
): Promise<FoundRun | undefined> {
  const { journal } = inputs;
  const runs = await inputs.run.candidates();
  const read = async (run: RunId): Promise<FoundRun> => {
    const first = await createdBy(journal, run);
    const fold = (await resumeRun(inputs, run))!;
    const stored = withJoining(fold.state);
    const joined = new Set(sourcesToJoin(first, stored).map(({ id }) => id));
    return { fold, differences: fixedDifferences(stored, ofFile, written, joined) };
  };
  if (runs.length <= 1) return runs[0] && (await read(runs[0]));
  const fitting: FoundRun[] = [];
  for (const run of runs) {
    // What is fixed stands in the first fact: the journals of other runs are not read.
    const first = await createdBy(journal, run);
    if (fixedDifferences(first, ofFile, written).length > 0) continue;
    const found = await read(run);
    if (found.differences.length === 0) fitting.push(found);
  }
  // A file fits runs with fewer sources too, which its others would join.
  const missing = ({ fold }: FoundRun) => sourcesToJoin(withJoining(fold.state), ofFile).length;
  const [best] = fitting.sort((a, b) => missing(a) - missing(b));
  if (best !== undefined) return best;
  throw new InputError(
    "journal",
    "one run, or one that the run file fits",
    `${runs.length}: ${runs.join(", ")}`,
  );
}

async function createdBy(journal: Journal, run: RunId): Promise<RunManifest> {
  const [first] = await journal.read(run, 0, 1);
  const { fact } = readEntry(first);
  if (fact.kind === "created") return fact.manifest;
  throw new Error(`journal: expected a created fact first, got ${fact.kind}`);
}
