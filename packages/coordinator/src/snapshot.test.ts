import { readFileSync } from "node:fs";
import { InputError, sha256OfText } from "@homebody/base";
import { canonicalJson } from "@homebody/protocol";
import { expect, test } from "vitest";
import { longRun } from "../test/long-run.ts";
import { adding, ana, bo, cy, es, fr, ja, scene } from "../test/scene.ts";
import {
  type Entry,
  entryHash,
  foldRun,
  followRun,
  type RunFold,
  readEntry,
  readSnapshot,
  snapshotOf,
  snapshotSchema,
} from "./index.ts";

const written = (fold: RunFold) => JSON.parse(JSON.stringify({ ...snapshotOf(fold), hash: "0".repeat(64) }));
const thawed = (fold: RunFold) => readSnapshot(written(fold))!.fold;
const shown = ({ state, figures, blobs }: RunFold) => ({ state, figures: figures.now(), uses: blobs.uses() });

/** A run in which all happens that a state can show: each phase, a pause, sources that join, somebody who was removed. */
function eventful(): readonly Entry[] {
  const run = scene({ rounds: 3, round: { quorum: 2 }, change: { down: "int8" } });
  const { number, id } = run.state.body;
  run.join(ana);
  run.join(cy, ja);
  run.join(bo);
  run.do({ kind: "evaluate", volunteer: ana, source: es, body: number, id, nats: 7, tokens: 3, bytes: 5 });
  run.do(adding(fr));
  run.do(adding("nl" as typeof fr, "source"));
  run.deliver(ana);
  run.do({ kind: "admin", act: { kind: "pause" } });
  run.deliver(cy);
  run.now += 1000;
  run.do({ kind: "admin", act: { kind: "resume" } });
  run.now += 9000;
  run.tickAll();
  run.publish();
  run.ready.set(bo, { source: es, rows: null });
  run.tickAll();
  run.do({ kind: "admin", act: { kind: "remove", volunteer: bo } });
  for (const who of [ana, cy]) run.deliver(who);
  run.do({ kind: "admin", act: { kind: "end-run" } });
  run.publish();
  run.now += 100_000;
  run.tickAll();
  return run.entries;
}

test("[C1] a fold goes on from the snapshot of any moment as if it had read the journal, and knows the same", () => {
  const entries = eventful();
  const whole = foldRun(entries);
  const kinds = new Set(entries.map(({ fact }) => fact.kind));
  for (const kind of ["opened", "closed", "published", "evaluating", "finished", "source-added", "removed"])
    expect(kinds).toContain(kind);
  for (let seq = 1; seq <= entries.length; seq++) {
    const there = foldRun(entries.slice(0, seq));
    const fold = thawed(there);
    expect(shown(fold)).toEqual(shown(there));
    followRun(fold, entries.slice(seq));
    expect(shown(fold)).toEqual(shown(whole));
  }
});

test("a snapshot is of its moment, whatever happens to the run next", () => {
  const entries = eventful();
  for (let seq = 1; seq < entries.length; seq++) {
    const fold = foldRun(entries.slice(0, seq));
    const taken = snapshotOf(fold);
    const text = JSON.stringify(taken);
    followRun(fold, entries.slice(seq));
    expect(JSON.stringify(taken)).toBe(text);
  }
});

test("a snapshot of other folds is of no use; one that holds something else is an error that names the field", () => {
  const one = written(foldRun(eventful()));
  expect(readSnapshot({ ...one, schema: snapshotSchema + 1 })).toBeUndefined();
  expect(readSnapshot({ ...one, homebody: "0.0.1" })).toBeUndefined();
  const spoilt = [
    [{ ...one, seq: 0 }, "snapshot.seq"],
    [{ ...one, hash: undefined }, "snapshot.hash"],
    [{ ...one, state: { ...one.state, paused: 1 } }, "snapshot.state.paused"],
    [{ ...one, figures: { ...one.figures, deltas: {} } }, "snapshot.figures.deltas"],
    [{ ...one, blobs: [["x", []]] }, "snapshot.blobs.0.0"],
    [null, "snapshot"],
  ] as const;
  for (const [value, where] of spoilt) {
    expect(() => readSnapshot(value)).toThrow(InputError);
    expect(() => readSnapshot(value)).toThrow(where);
  }
  const bodies = { ...one.figures.bodies, at: [] };
  expect(() => readSnapshot({ ...one, figures: { ...one.figures, bodies } })).toThrow(
    "columns of one length",
  );
});

test("an entry's hash follows from all of it, and not from whether it was stored in between", () => {
  const [, entry] = eventful();
  const stored = JSON.parse(JSON.stringify(entry));
  expect(entryHash(stored)).toBe(entryHash(entry!));
  expect(entryHash({ ...stored, seq: 3 })).not.toBe(entryHash(stored));
  expect(entryHash({ ...stored, at: 1 })).not.toBe(entryHash(stored));
  expect(entryHash({ ...stored, fact: { ...stored.fact, round: 9 } })).not.toBe(entryHash(stored));
});

// Where this fails, the folds make something else of the same journals: raise snapshotSchema, then put the hashes here.
// Coordinators that are upgraded would go on from what the old folds made otherwise.
test("the folds make of these journals what they made when snapshotSchema was last raised", () => {
  const fixture = (name: string) =>
    readFileSync(new URL(`../../../test/fixtures/runs/${name}/journal.jsonl`, import.meta.url), "utf8")
      .trim()
      .split("\n")
      .map((line) => readEntry(JSON.parse(line)));
  const long = longRun(3);
  long.play(100);
  const folds = [
    foldRun(eventful()),
    foldRun(fixture("v1-averaging")),
    foldRun(fixture("v1-nesterov")),
    long.fold,
  ];
  const hashOf = (fold: RunFold) => {
    const { schema: _, homebody: _homebody, hash: _hash, ...rest } = written(fold);
    return sha256OfText(canonicalJson(rest)).slice(0, 16);
  };
  expect({ schema: snapshotSchema, hashes: folds.map(hashOf) }).toEqual({
    schema: 10,
    hashes: ["32f6bc2d7a93cd70", "3206aac2ae3dc05c", "89e6e2f16851ad33", "db1a5ee5bf65ad5e"],
  });
});
