// A run's journal, begun and read. It is read page by page: however long it is, only what follows from it is held.

import type { Millis, NamedTensors, RunId } from "@homebody/base";
import {
  createdFact,
  type Entry,
  foldRun,
  followRun,
  namesOf,
  type RunFold,
  readEntry,
} from "@homebody/coordinator";
import { exchangeOf, firstNumbers, isGiven, type Section } from "@homebody/dept";
import type { RunManifest } from "@homebody/protocol";
import type { Blobs, Journal, Snapshots } from "@homebody/store/ports";
import { putFirst } from "../closing/section-files.ts";
import { foldFromSnapshot } from "./snapshots.ts";
import { storedPages } from "./stored-pages.ts";

export interface BeginInputs {
  readonly journal: Journal;
  readonly blobs: Blobs;
  readonly now: Millis;
  /** What a section begins with; by the run's seed, unless a test has other numbers. */
  readonly first?: (section: Section) => NamedTensors;
  /** Of the sections that a model gives which the run starts from. */
  readonly given?: (section: Section) => NamedTensors;
}

/** A new run: its first body is durable, then the fact that names it. */
export async function beginRun(manifest: RunManifest, inputs: BeginInputs): Promise<RunFold> {
  const { journal, blobs, now, given, first = (section) => firstNumbers(manifest, section) } = inputs;
  if (manifest.start !== undefined && given === undefined)
    throw new Error(`run ${manifest.run}: expected the numbers of ${manifest.start.name}, got none`);
  const begin = (section: Section) => (isGiven(manifest, section) ? given! : first)(section);
  const sections = await putFirst(manifest, exchangeOf(manifest).sections, blobs, begin);
  const fact = createdFact(manifest, sections);
  await journal.append(manifest.run, 0, now, [fact]);
  return foldRun([{ seq: 1, at: now, fact }]);
}

/** The entries of a run after the given one, in today's form. */
export async function* pagesOf(
  journal: Pick<Journal, "read">,
  run: RunId,
  after = 0,
): AsyncGenerator<readonly Entry[]> {
  for await (const entries of storedPages(journal, run, after))
    yield entries.map((entry) => readEntry(entry));
}

interface FoldOptions {
  /** Of the same run: what follows its last entry is read. */
  readonly from?: RunFold | undefined;
  /** Entries as they were taken in, and what they led to. */
  readonly read?: (entries: readonly Entry[], fold: RunFold) => Promise<void>;
}

/** What follows from the journal of a run; undefined where the run is not there. */
export async function foldJournal(
  journal: Pick<Journal, "read">,
  run: RunId,
  { from, read = async () => {} }: FoldOptions = {},
): Promise<RunFold | undefined> {
  let fold = from;
  for await (const entries of pagesOf(journal, run, from?.figures.seq)) {
    if (fold === undefined) fold = foldRun(entries);
    else followRun(fold, entries);
    await read(entries, fold);
  }
  return fold;
}

/** A run that goes on, from its snapshot where there is one that fits; undefined where the run is not there. */
export async function resumeRun(
  { journal, snapshots }: { readonly journal: Journal; readonly snapshots?: Snapshots },
  run: RunId,
): Promise<RunFold | undefined> {
  const from = snapshots && (await foldFromSnapshot(snapshots, journal, run));
  return foldJournal(journal, run, {
    from,
    read: (entries, { state }) => journal.name(run, namesOf(state.manifest, entries)), // older versions named none
  });
}
