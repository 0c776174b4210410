// What a long run costs a coordinator: the start from a snapshot and by reading the journal, what a watcher is sent first,
// the heap after 100 rounds and at the end, and writing the journal in each of its formats. 20 volunteers, on the store of a
// data folder.

import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import type { RunId } from "@homebody/base";
import { type Entry, namesOf, type RunFold, writeFigures } from "@homebody/coordinator";
import { type JournalFormat, journalFormats } from "@homebody/measures";
import { keepSnapshots, resumeRun, storedPages } from "@homebody/service";
import { type Journal, openStore, type Store } from "@homebody/store";
import { playedRun } from "./played-run.ts";

export interface JournalRow {
  readonly volunteers: number;
  readonly rounds: number;
  readonly entries: number;
  /** Of a start without a snapshot, and with one. */
  readonly replaySeconds: number;
  readonly snapshotSeconds: number;
  readonly snapshotBytes: number;
  readonly figuresBytes: number;
  /** Of the run's folds with all that the process holds, after a collection. */
  readonly heapBytesAt100: number;
  readonly heapBytes: number;
  readonly formats: readonly FormatRow[];
}

export interface FormatRow {
  readonly name: string;
  readonly seconds: number;
  readonly sizeBytes: number;
  /** At its end, after a collection, with the writer. */
  readonly heapBytes: number;
}

const volunteers = 20;
const measuredAt = 100;

/** At least so many entries. */
export async function measureJournal(least: number): Promise<JournalRow> {
  const dataDir = await mkdtemp(join(tmpdir(), "homebody-bench-journal-"));
  try {
    const { run, rounds, entries, heaps } = await inStore(dataDir, (store) => write(store, least));
    const replay = await inStore(dataDir, async ({ journal }) => {
      const began = performance.now();
      const fold = (await resumeRun({ journal }, run))!;
      return { fold, seconds: (performance.now() - began) / 1000 };
    });
    await inStore(dataDir, ({ journal, snapshots }) => {
      const troubled = (error: unknown) => {
        throw error;
      };
      return keepSnapshots({ run: replay.fold, journal, snapshots, every: 1, troubled }).close();
    });
    const start = await inStore(dataDir, async (store) => {
      const began = performance.now();
      const fold = (await resumeRun(store, run))!;
      const seconds = (performance.now() - began) / 1000;
      return { fold, seconds, snapshotBytes: (await store.snapshots.read(run))!.length };
    });
    if (shown(start.fold) !== shown(replay.fold))
      throw new Error("a snapshot: expected what the journal gives");
    const figuresBytes = shown(start.fold).length;
    const formats: FormatRow[] = [];
    for (const format of journalFormats)
      formats.push(await inStore(dataDir, ({ journal }) => writeFormat(format, journal, run)));
    return {
      ...{ volunteers, rounds, entries },
      replaySeconds: replay.seconds,
      snapshotSeconds: start.seconds,
      snapshotBytes: start.snapshotBytes,
      figuresBytes,
      ...heaps,
      formats,
    };
  } finally {
    await rm(dataDir, { recursive: true, force: true });
  }
}

const shown = ({ figures }: RunFold) => JSON.stringify(writeFigures(figures.now()));

async function inStore<T>(dataDir: string, work: (store: Store) => Promise<T>): Promise<T> {
  const store = await openStore({ dataDir });
  try {
    return await work(store);
  } finally {
    await store.close();
  }
}

/** Rounds until the journal has so many entries; each round is one append. */
async function write({ journal }: Store, least: number) {
  let waiting: Entry[] = [];
  const { fold, play } = playedRun(volunteers, 1e6, (entries) => {
    waiting.push(...entries);
  });
  const { manifest } = fold.state;
  const { run } = manifest;
  let [written, rounds, heapBytesAt100] = [0, 0, 0];
  while (written < least) {
    rounds += 1;
    play(rounds);
    const facts = waiting.map(({ fact }) => fact);
    written = await journal.append(run, written, waiting[0]!.at, facts, namesOf(manifest, waiting));
    waiting = [];
    if (rounds === measuredAt) heapBytesAt100 = heapBytes();
  }
  return { run, rounds, entries: written, heaps: { heapBytesAt100, heapBytes: heapBytes() } };
}

async function writeFormat(format: JournalFormat, journal: Journal, run: RunId): Promise<FormatRow> {
  const writer = format.writer();
  let sizeBytes = 0;
  const began = performance.now();
  for await (const entries of storedPages(journal, run)) sizeBytes += writer.write(entries).length;
  const seconds = (performance.now() - began) / 1000;
  const held = heapBytes();
  writer.write([]); // held until here
  return { name: format.name, seconds, sizeBytes, heapBytes: held };
}

function heapBytes(): number {
  setFlagsFromString("--expose-gc");
  (runInNewContext("gc") as () => void)();
  return process.memoryUsage().heapUsed;
}
