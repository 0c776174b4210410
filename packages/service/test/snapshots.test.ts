// A start from a snapshot is a start from the journal, only sooner; a snapshot that is lost, stale or spoilt is left.

import type { RunId } from "@homebody/base";
import { foldRun, followRun, type RunFold, readEntry } from "@homebody/coordinator";
import { memoryJournal, memorySnapshots } from "@homebody/store/memory";
import type { Journal } from "@homebody/store/ports";
import { expect, test } from "vitest";
import { deltaOf } from "../../../test/deltas.ts";
import { resumeRun } from "../src/index.ts";
import { type HostDisk, hostDisk } from "../src/memory/index.ts";
import { keepSnapshots } from "../src/run/snapshots.ts";
import { manifest, serve } from "./world.ts";

const run = manifest({}, { rounds: 9 });
const shown = ({ state, figures, blobs }: RunFold) => ({ state, figures: figures.now(), uses: blobs.uses() });

/** Counts the entries that are read. */
function counting(journal: Journal) {
  const counted = { read: 0 };
  const read: Journal["read"] = async (...given) => {
    const entries = await journal.read(...given);
    counted.read += entries.length;
    return entries;
  };
  return { journal: { ...journal, read }, counted };
}

/** A run in the middle of its third round, closed in order. */
async function left(disk = hostDisk()): Promise<HostDisk> {
  const served = await serve(run, { disk });
  const [one, two] = [await served.join("one", "a"), await served.join("two", "b")];
  for (const round of [1, 2, 3]) {
    await served.clock.advance(1000);
    expect(await one.deliver(round, deltaOf(run, `${round} a`))).toBe("ok");
    if (round < 3) expect(await two.deliver(round, deltaOf(run, `${round} b`))).toBe("ok");
  }
  await served.close();
  return disk;
}

async function resumed(disk: Pick<HostDisk, "journal" | "snapshots">) {
  const { journal, counted } = counting(disk.journal);
  const fold = await resumeRun({ ...disk, journal }, run.run);
  return { fold: fold!, read: counted.read };
}

test("from the snapshot of a run that was closed nothing is read but the entry that it is known by", async () => {
  const disk = await left();
  const [cached, replayed] = [await resumed(disk), await resumed({ ...disk, snapshots: memorySnapshots() })];
  expect(shown(cached.fold)).toEqual(shown(replayed.fold));
  expect(cached.read).toBe(1);
  expect(replayed.read).toBe(replayed.fold.figures.seq);
  expect(cached.fold.state.phase.kind).toBe("training");
});

test("what follows the snapshot is read after it", async () => {
  const disk = await left();
  const seq = await disk.journal.lastSeq(run.run);
  const later = await disk.journal.append(run.run, seq, 1e9 as never, [
    { kind: "paused" },
    { kind: "ending" },
  ]);
  const { fold, read } = await resumed(disk);
  expect([fold.figures.seq, read]).toEqual([later, 1 + 2]);
  expect(shown(fold)).toEqual(shown((await resumed({ ...disk, snapshots: memorySnapshots() })).fold));
});

async function rewritten(
  disk: HostDisk,
  change: (fact: Record<string, unknown>, seq: number) => unknown,
  upTo = 1e9,
) {
  const journal = memoryJournal();
  for (const { seq, at, fact } of await disk.journal.read(run.run, 0, upTo))
    await journal.append(run.run, seq - 1, at, [change(fact as Record<string, unknown>, seq)]);
  return { ...disk, journal };
}

const changed = (disk: HostDisk, change: (text: string) => string) => ({
  ...disk,
  snapshots: { ...disk.snapshots, read: async () => change((await disk.snapshots.read(run.run))!) },
});

test.each([
  ["lost", async (disk: HostDisk) => ({ ...disk, snapshots: memorySnapshots() })],
  ["cut off", async (disk: HostDisk) => changed(disk, (text) => text.slice(0, 100))],
  ["empty", async (disk: HostDisk) => changed(disk, () => "")],
  ["no snapshot at all", async (disk: HostDisk) => changed(disk, () => "null")],
  [
    "of another schema",
    async (disk: HostDisk) => changed(disk, (text) => text.replace('"schema":', '"schema":9')),
  ],
  [
    "of another Homebody",
    async (disk: HostDisk) => changed(disk, (text) => text.replace('"homebody":"', '"homebody":"9.')),
  ],
  [
    "spoilt inside",
    async (disk: HostDisk) => changed(disk, (text) => text.replace('"paused":false', '"paused":7')),
  ],
  [
    "of another run",
    async (disk: HostDisk) =>
      changed(disk, (text) => text.replace(`"run":"${run.run}"`, `"run":"${"0".repeat(64)}"`)),
  ],
  ["beyond the journal", async (disk: HostDisk) => rewritten(disk, (fact) => fact, 7)],
  [
    "of a journal that was replaced",
    async (disk: HostDisk) =>
      rewritten(disk, (fact) => (fact.kind === "accepted" ? { ...fact, loss: 1 } : fact)),
  ],
  [
    "in a cache that fails",
    async (disk: HostDisk) => ({
      ...disk,
      snapshots: { ...disk.snapshots, read: () => Promise.reject(new Error("EIO")) },
    }),
  ],
] as const)("%s: the whole journal is read", async (_, spoil) => {
  const disk = await spoil(await left());
  const { fold, read } = await resumed(disk);
  const replayed = await resumed({ ...disk, snapshots: memorySnapshots() });
  expect(shown(fold)).toEqual(shown(replayed.fold));
  expect(read).toBeGreaterThanOrEqual(replayed.read);
  expect(fold.figures.seq).toBe(await disk.journal.lastSeq(run.run));
});

test("a snapshot is written after so many entries and at the end, one at a time, and none twice", async () => {
  const { journal } = await left();
  const entries = (await journal.read(run.run, 0, 1e6)).map((entry) => readEntry(entry));
  const fold = foldRun(entries.slice(0, 1));
  const [seqs, troubles]: [number[], unknown[]] = [[], []];
  let finishFirst = () => {};
  const write = async (_: RunId, text: string) => {
    seqs.push(JSON.parse(text).seq);
    if (seqs.length === 2) throw new Error("no space left on device");
    if (seqs.length === 1)
      await new Promise<void>((done) => {
        finishFirst = done;
      });
  };
  const snapshots = { read: async () => undefined, write };
  const troubled = (error: unknown) => void troubles.push(error);
  const keeper = keepSnapshots({ run: fold, journal, snapshots, every: 3, troubled });
  for (const entry of entries.slice(1)) {
    followRun(fold, [entry]);
    keeper.look();
    if (entry.seq === 7) finishFirst();
    await new Promise((done) => setImmediate(done));
  }
  await keeper.close();
  await keeper.close();
  const last = entries.length;
  expect(seqs).toEqual([3, 8, 11, last]); // the second could not be written: the next one comes when it would
  expect(troubles).toMatchObject([{ message: "no space left on device" }]);
});
