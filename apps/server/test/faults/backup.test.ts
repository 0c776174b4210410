// [C48] The drill: a backup of a run that is at work, restored elsewhere, goes on to the same bodies.

import { mkdirSync, readdirSync, readFileSync, statSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { systemClock } from "@homebody/clock";
import { verifyRun } from "@homebody/service";
import { afterEach, expect, test } from "vitest";
import { privateDatabase } from "../../../../packages/store/test/private-database.ts";
import { backup, openFolder, restore } from "../../src/index.ts";
import type { Client } from "../client.ts";
import { until, type World, world } from "./lossy-disk.ts";

let at: World;
afterEach(() => at.close());

const file = () => join(at.folder, "backup.tar");
const other = (name = "restored") => join(at.folder, name);

async function play(round: number, pair: readonly [Client, Client]): Promise<void> {
  for (const one of pair) await one.told((now) => now.kind === "training" && now.round === round);
  for (const [i, one] of pair.entries()) {
    const word = await one.deliver(round, at.delta(`${round} ${i}`));
    expect(["ok", "already-accepted"]).toContain(word);
  }
  await until(() => at.server().state().body.number === round);
}

async function lostIn(dataDir: string) {
  const folder = await openFolder(dataDir);
  const others = await folder.blobs.list();
  try {
    const inputs = { ...folder, clock: systemClock, others, has: () => true, show: () => {} };
    const { lost, different } = await verifyRun(inputs);
    return [...lost, ...different];
  } finally {
    await folder.close();
  }
}

test.each(["averaging", "nesterov"])(
  "[C48] %s: a backup in the middle of a round, restored elsewhere, ends with the same bodies",
  async (kind) => {
    at = world({ rounds: 3, more: [`variant: spec`] });
    const run = join(at.folder, "run.yaml");
    const outer = kind === "averaging" ? "{ kind: averaging }" : "{ kind: nesterov, lr: 0.7, momentum: 0.9 }";
    writeFileSync(run, readFileSync(run, "utf8").replace("outer: { kind: averaging }", `outer: ${outer}`));
    await at.start();
    const token = at.server().adminToken;
    const pair = await at.pair(1);
    await play(1, pair);
    await pair[0].told((now) => now.kind === "training" && now.round === 2);
    expect(await pair[0].deliver(2, at.delta("2 0"))).toBe("ok");
    const made = await backup({ dataDir: at.dataDir, file: file() });
    expect(made).toMatchObject({ lost: [], entries: (await at.journal()).length });
    expect(statSync(file()).mode & 0o777).toBe(0o600);
    expect(readdirSync(at.dataDir).filter((name) => name.startsWith("backup"))).toEqual([]);
    expect(await pair[1].deliver(2, at.delta("2 1"))).toBe("ok");
    await play(3, pair);
    const bodies = (await at.journal()).flatMap(({ fact }) =>
      fact.kind === "published" ? [fact.sections] : [],
    );
    await at.stop();

    expect(await restore({ file: file(), dataDir: other() })).toMatchObject({ ...made, lost: [] });
    for (const name of ["journal.sqlite", "admin-token"])
      expect(statSync(join(other(), name)).mode & 0o777).toBe(0o600);
    await at.start({ dataDir: other() });
    expect(at.server().adminToken).toBe(token);
    expect(at.server().state()).toMatchObject({ body: { number: 1 }, phase: { kind: "training", round: 2 } });
    const again = await at.pair(2);
    expect(again[0].announcements.at(-1)).toMatchObject({ accepted: true });
    expect(await again[1].deliver(2, at.delta("2 1"))).toBe("ok");
    await play(3, again);
    const restored = (await at.journal()).flatMap(({ fact }) =>
      fact.kind === "published" ? [fact.sections] : [],
    );
    expect(restored).toEqual(bodies);
  },
);

test("[C48] backups of a run that lets go of blobs meanwhile are each whole", {
  timeout: 60_000,
}, async () => {
  at = world({ rounds: 12 });
  await at.start();
  const pair = await at.pair(1);
  let isOver = false;
  const playing = (async () => {
    for (let round = 1; round <= 11; round++) await play(round, pair);
    isOver = true;
  })();
  const made: number[] = [];
  for (let n = 0; !isOver; n++) {
    const { lost, entries } = await backup({ dataDir: at.dataDir, file: `${file()}${n}` });
    expect(lost).toEqual([]);
    made.push(entries);
  }
  await playing;
  expect(made.length).toBeGreaterThan(1);
  for (const [n, entries] of made.entries()) {
    expect(await restore({ file: `${file()}${n}`, dataDir: other(`${n}`) })).toMatchObject({
      entries,
      lost: [],
    });
    expect(await lostIn(other(`${n}`))).toEqual([]);
  }
});

const postgres = process.env.HOMEBODY_POSTGRES;
test.skipIf(postgres === undefined)(
  `[C48] a journal in PostgreSQL is backed up beside its coordinator, and restored to SQLite and to PostgreSQL${postgres === undefined ? " (no server: set HOMEBODY_POSTGRES)" : ""}`,
  async () => {
    const [one, two] = [await privateDatabase(postgres!, "one"), await privateDatabase(postgres!, "two")];
    try {
      at = world({ rounds: 3 });
      await at.start({ databaseUrl: one.url });
      const pair = await at.pair(1);
      await play(1, pair);
      const before = await at.journal();
      await backup({ dataDir: at.dataDir, databaseUrl: one.url, file: file() });
      await play(2, pair);
      await at.stop();
      for (const databaseUrl of [two.url, undefined]) {
        const dataDir = other(databaseUrl === undefined ? "sqlite" : "postgres");
        const where = { dataDir, ...(databaseUrl === undefined ? {} : { databaseUrl }) };
        expect((await restore({ file: file(), ...where })).lost).toEqual([]);
        await at.start(where);
        expect((await at.journal()).slice(0, before.length)).toEqual(before);
        await play(2, await at.pair(2));
        await at.stop();
      }
      await expect(restore({ file: file(), dataDir: other(), databaseUrl: two.url })).rejects.toThrow(
        "--database: expected",
      );
    } finally {
      await at.stop();
      for (const database of [one, two]) await database.remove();
    }
  },
);

test("[C48] a backup of a run that has lost a blob has the rest, and says what it lacks", async () => {
  at = world();
  await at.start();
  await play(1, await at.pair(1));
  const { sha256 } = at.server().state().body.sections[0]!;
  at.damage(sha256, "flipped");
  const name = `blobs/${sha256.slice(0, 2)}/${sha256}`;
  expect((await backup({ dataDir: at.dataDir, file: file() })).lost).toEqual([name]);
  expect((await restore({ file: file(), dataDir: other() })).lost).toEqual([name]);
});

test("[C48] what is no backup, is cut short or would overwrite a folder is refused, and leaves nothing", async () => {
  at = world();
  await at.start();
  await backup({ dataDir: at.dataDir, file: file() });
  await expect(restore({ file: file(), dataDir: at.dataDir })).rejects.toThrow(
    `--to: expected a folder that is empty or not there yet, got ${at.dataDir}`,
  );
  const short = other("short.tar");
  writeFileSync(short, readFileSync(file()));
  truncateSync(short, statSync(short).size / 2);
  const no = other("no.tar");
  writeFileSync(no, "nothing of the kind");
  for (const bad of [short, no, other("absent.tar")])
    await expect(restore({ file: bad, dataDir: other() })).rejects.toMatchObject({ name: "InputError" });
  expect(readdirSync(at.folder).filter((name) => name.startsWith("restored"))).toEqual([]);
  mkdirSync(other());
  expect((await restore({ file: file(), dataDir: other() })).lost).toEqual([]);
  await expect(backup({ dataDir: other("absent"), file: file() })).rejects.toMatchObject({
    name: "InputError",
  });
});
