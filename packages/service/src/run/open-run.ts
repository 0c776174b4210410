// A run's journal, begun and read.

import type { Millis, NamedTensors, RunId } from "@homebody/base";
import {
  type Entry,
  evolve,
  type Fact,
  type FiguresFold,
  foldFigures,
  type RunState,
  readEntry,
} from "@homebody/coordinator";
import { exchangeOf, firstNumbers, parameterCounts, type Section } from "@homebody/dept";
import { type RunManifest, schemaVersion, version } from "@homebody/protocol";
import type { Blobs, Journal } from "@homebody/store/ports";
import { putFirst } from "../closing/section-files.ts";

export interface OpenedRun {
  readonly state: RunState;
  readonly figures: FiguresFold;
  /** All of its journal. */
  readonly entries: readonly Entry[];
}

export interface BeginInputs {
  readonly journal: Journal;
  readonly blobs: Blobs;
  readonly now: Millis;
  /** What a section begins with; by the run's seed, unless a test has other numbers. */
  readonly first?: (section: Section) => NamedTensors;
}

/** A new run: its first body is durable, then the fact that names it. */
export async function beginRun(manifest: RunManifest, inputs: BeginInputs): Promise<OpenedRun> {
  const { journal, blobs, now, first = (section) => firstNumbers(manifest, section) } = inputs;
  const sections = await putFirst(manifest, exchangeOf(manifest).sections, blobs, first);
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
  return {
    state: evolve(undefined, entry),
    figures: foldFigures([entry]),
    entries: [entry],
  };
}

const page = 1000;

/** The entries of a run, all or the first so many, in today's form. */
export async function readJournal(
  journal: Pick<Journal, "read">,
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
