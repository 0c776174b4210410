// Which journal is a folder's: a flag that says otherwise, and a journal that is gone, are refused [C40].

import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Millis, type RunId, random } from "@homebody/base";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { openStore, postgresJournal, type Store, sqliteJournal } from "../src/index.ts";

const postgres = process.env.HOMEBODY_POSTGRES;
const at = 1 as Millis;
const dice = random(`${process.pid} ${performance.now()}`);
const freshRun = () =>
  Array.from({ length: 8 }, () => dice.uint32().toString(16).padStart(8, "0")).join("") as RunId;

let folder: string;
const opened: Store[] = [];
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "homebody-place-"));
});
afterEach(async () => {
  await close();
  rmSync(folder, { recursive: true, force: true });
});

async function open(name = "data", databaseUrl?: string): Promise<Store> {
  const dataDir = join(folder, name);
  const store = await openStore(databaseUrl === undefined ? { dataDir } : { dataDir, databaseUrl });
  opened.push(store);
  return store;
}

async function close(): Promise<void> {
  for (const store of opened.splice(0)) await store.close();
}

/** As a coordinator does. */
async function beginIn(store: Store, run = freshRun()): Promise<RunId> {
  await store.run.begin();
  await store.blobs.put(new Uint8Array([1, 2, 3]));
  await store.run.claim(run);
  await store.journal.append(run, 0, at, [{ kind: "created" }]);
  await store.run.settle(run);
  return run;
}

test("[C40] a new folder begins a run, names it, and has it from then on", async () => {
  const run = await beginIn(await open());
  await close();
  expect(JSON.parse(readFileSync(join(folder, "data", "journal.json"), "utf8"))).toMatchObject({
    place: { kind: "sqlite" },
    run,
  });
  expect(await (await open()).run.candidates()).toEqual([run]);
});

test("[C40] a folder whose journal was deleted is refused, and nothing is made in its place", async () => {
  await beginIn(await open());
  await close();
  for (const name of ["journal.sqlite", "journal.sqlite-wal", "journal.sqlite-shm"])
    rmSync(join(folder, "data", name), { force: true });
  await expect(open()).rejects.toThrow(
    /: expected the journal of run [0-9a-f]{8}, whose blobs are here \(bring it back/,
  );
  expect(existsSync(join(folder, "data", "journal.sqlite"))).toBe(false);
});

test("[C40] an emptied journal, and one of another run, are refused", async () => {
  await beginIn(await open());
  await close();
  const path = join(folder, "data", "journal.sqlite");
  for (const name of ["", "-wal", "-shm"]) rmSync(`${path}${name}`, { force: true });
  const other = sqliteJournal(path);
  await expect(open()).rejects.toThrow("got a journal without it");
  await other.append(freshRun(), 0, at, [{ kind: "created" }]);
  await other.close();
  await expect(open()).rejects.toThrow("got a journal without it");
});

test("[C40] a folder of an older version that lost its journal begins no run beside the blobs", async () => {
  const store = await open();
  await store.blobs.put(new Uint8Array([1]));
  await expect(store.run.begin()).rejects.toThrow("expected the journal of the run whose blobs are here");
});

test("[C40] a start that was cut off between the first blob and the first fact is begun again", async () => {
  const first = await open();
  await first.run.begin();
  await first.blobs.put(new Uint8Array([1]));
  await close();
  const again = await open();
  expect(await again.run.candidates()).toEqual([]);
  await beginIn(again);
});

test("[C40] one that was cut off between the first fact and its name in the folder goes on", async () => {
  const first = await open();
  const run = freshRun();
  await first.run.begin();
  await first.journal.append(run, 0, at, [{ kind: "created" }]);
  await close();
  const again = await open();
  expect(await again.run.candidates()).toEqual([run]);
});

test("a journal.json that is none is refused by its place", async () => {
  await beginIn(await open());
  await close();
  writeFileSync(join(folder, "data", "journal.json"), '{"place":{"kind":"paper"}}');
  await expect(open()).rejects.toThrow(
    `${join(folder, "data", "journal.json")}: expected where the journal is`,
  );
});

describe.skipIf(postgres === undefined)("a folder and PostgreSQL", () => {
  test("[C40] --database given to a folder that has SQLite is refused, also to one of an older version", async () => {
    await beginIn(await open());
    await close();
    const wanted =
      /^--database: expected none, since the journal of .* is SQLite in the folder \(to move it: homebody migrate/;
    await expect(open("data", postgres)).rejects.toThrow(wanted);
    rmSync(join(folder, "data", "journal.json"));
    await expect(open("data", postgres)).rejects.toThrow(wanted);
  });

  test("[C40] --database left out of a folder that has PostgreSQL is refused, and says which one", async () => {
    await beginIn(await open("data", postgres));
    await close();
    await expect(open()).rejects.toThrow(/^--database: expected the URL of postgres:\/\/.*, got none$/);
    expect(existsSync(join(folder, "data", "journal.sqlite"))).toBe(false);
  });

  test("[C40] a folder has no password in it", async () => {
    const url = new URL(postgres!);
    url.password = "geheim";
    await beginIn(await open("data", url.href));
    expect(readFileSync(join(folder, "data", "journal.json"), "utf8")).not.toContain("geheim");
  });

  test("[C40] one database has the runs of many folders, each its own", async () => {
    const runs = [];
    for (const name of ["one", "two", "three"]) runs.push(await beginIn(await open(name, postgres)));
    await close();
    for (const [i, name] of ["one", "two", "three"].entries())
      expect(await (await open(name, postgres)).run.candidates()).toEqual([runs[i]]);
    expect(await (await open("new", postgres)).run.candidates()).toEqual([]);
  });

  test("[C40] the same run in a second folder is refused: the first has it", async () => {
    const run = await beginIn(await open("one", postgres));
    await close();
    const second = await open("two", postgres);
    await second.run.begin();
    await expect(second.run.claim(run)).rejects.toThrow("expected a run that is not in the database yet");
  });

  test("[C40] a folder that an older version left finds its run among those that no folder has", async () => {
    const run = freshRun();
    const old = await postgresJournal(postgres!);
    await old.append(run, 0, at, [{ kind: "created" }]);
    await old.close();
    const store = await open("old", postgres);
    expect(await store.run.candidates()).not.toContain(run); // it is empty
    await store.blobs.put(new Uint8Array([1]));
    expect(await store.run.candidates()).toContain(run);
    await store.run.claim(run);
    await store.run.settle(run);
    await close();
    expect(await (await open("old", postgres)).run.candidates()).toEqual([run]);
  });

  test("[C41] a second coordinator on the run gives way itself, and the first goes on", async () => {
    const first = await open("one", postgres);
    const run = await beginIn(first);
    await expect(open("one", postgres)).rejects.toMatchObject({ name: "RunInUse" });
    await expect(open("one", postgres)).rejects.toThrow(`homebody on`);
    expect(await first.journal.append(run, 1, at, [{ n: 2 }])).toBe(2);
    await close();
    await open("one", postgres);
  });
});
