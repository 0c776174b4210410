// The journal of a run at the real server: a wrong flag, a journal that is gone, a second coordinator, a database that goes
// away in the middle of a commit and of a close.

import { chmodSync, cpSync, existsSync, renameSync } from "node:fs";
import { join } from "node:path";
import { setTimeout } from "node:timers/promises";
import { afterEach, describe, expect, test } from "vitest";
import { createServer, stderrLog } from "../../src/index.ts";
import { type CutProxy, cutProxy } from "./cut-proxy.ts";
import { until, type World, world } from "./world.ts";

const postgres = process.env.HOMEBODY_POSTGRES;
const ends: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end();
});

function fresh(): World {
  const made = world({ rounds: 3 });
  ends.push(made.end);
  return made;
}

async function proxy(): Promise<CutProxy> {
  const made = await cutProxy(postgres!);
  ends.push(made.close);
  return made;
}

async function pair(at: World) {
  return [await at.meet("one", "a"), await at.meet("two", "b")] as const;
}

async function playRound(at: World, round: number): Promise<void> {
  const both = await pair(at);
  await both[0].told((now) => now.kind === "training" && now.round === round);
  for (const [i, one] of both.entries()) expect(await at.deliver(one, round, `${round} ${i}`)).toBe("ok");
  await until("a body", () => at.server().figures().published === round);
}

test("[C40] a deleted journal beside blobs is refused; from a backup the run goes on", async () => {
  const at = fresh();
  await at.serve();
  await playRound(at, 1);
  const { body } = at.server().state();
  await at.stop();
  const files = ["", "-wal", "-shm"].map((suffix) => `journal.sqlite${suffix}`);
  const there = files.filter((name) => existsSync(join(at.dataDir, name)));
  for (const name of there) renameSync(join(at.dataDir, name), join(at.folder, name));
  await expect(at.serve()).rejects.toThrow(/whose blobs are here \(bring it back from a backup/);
  for (const name of there) renameSync(join(at.folder, name), join(at.dataDir, name));
  await at.serve();
  expect(at.server().state().body).toEqual(body);
});

/** Nobody in particular, since root may write everywhere. */
async function asNobody<T>(work: () => Promise<T>): Promise<T> {
  if (process.getuid?.() !== 0) return work();
  process.seteuid!(65534);
  try {
    return await work();
  } finally {
    process.seteuid!(0);
  }
}

test.skipIf(process.platform === "win32")(
  "a folder that cannot be written, new or with a run in it, is refused in a sentence, and goes on when it can",
  async () => {
    const at = fresh();
    chmodSync(at.folder, 0o555);
    const sentence = /^data folder: expected one that this user may write, got /;
    await expect(asNobody(() => at.serve())).rejects.toThrow(sentence);
    chmodSync(at.folder, 0o755);
    await at.serve();
    await at.stop();
    chmodSync(at.dataDir, 0o555);
    await expect(asNobody(() => at.serve())).rejects.toThrow(sentence);
    chmodSync(at.dataDir, 0o700);
    await at.serve();
    expect(at.server().existed).toBe(true);
  },
);

/** What is said of a delta that is in, also where the answer to its commit was not waited for. */
const inByNow = ["ok", "already-accepted"];

/** How long a database stays away once its coordinator has noticed: AWAY_SECONDS=60 for a minute. */
const awaySeconds = Number(process.env.AWAY_SECONDS ?? 0);

describe.skipIf(postgres === undefined)("PostgreSQL", () => {
  test("[C40] a wrong flag begins no second run, in either direction", async () => {
    const inFolder = fresh();
    await inFolder.serve();
    await inFolder.stop();
    await expect(inFolder.serve({ databaseUrl: postgres! })).rejects.toThrow(/^--database: expected none/);
    await inFolder.serve();
    expect(inFolder.server().existed).toBe(true);

    const inDatabase = fresh();
    await inDatabase.serve({ databaseUrl: postgres! });
    await inDatabase.stop();
    await expect(inDatabase.serve()).rejects.toThrow(/^--database: expected the URL of postgres:/);
    await inDatabase.serve({ databaseUrl: postgres! });
    expect(inDatabase.server().existed).toBe(true);
  });

  test("[C40] one database has several runs at work at once", async () => {
    const both = [fresh(), fresh()];
    for (const at of both) await at.serve({ databaseUrl: postgres! });
    for (const at of both) await playRound(at, 1);
    for (const at of both) {
      await at.stop();
      await at.serve({ databaseUrl: postgres! });
      expect(at.server().figures().published).toBe(1);
    }
  });

  test("[C41] a second coordinator on the run, in a copy of its folder, gives way; the first one's round goes on", async () => {
    const at = fresh();
    await at.serve({ databaseUrl: postgres! });
    const [one, two] = await pair(at);
    await one.told(({ kind }) => kind === "training");
    cpSync(at.dataDir, join(at.folder, "copy"), {
      recursive: true,
      filter: (path) => !/lock(\.json)?$|admin\.sock$/.test(path),
    });
    await expect(
      createServer({
        run: at.run,
        dataDir: join(at.folder, "copy"),
        databaseUrl: postgres!,
        log: stderrLog("silent"),
      }),
    ).rejects.toMatchObject({ name: "RunInUse" });
    expect(await at.deliver(one, 1, "1a")).toBe("ok");
    expect(await at.deliver(two, 1, "1b")).toBe("ok");
    await until("a body", () => at.server().figures().published === 1);
  });

  test.each([
    ["in the middle of a commit", "accepted"],
    ["in the middle of a close", "closed"],
    ["in the middle of a publication", "published"],
  ])(
    "[C41] the database goes away %s, and comes back: each fact is there once",
    {
      timeout: 1000 * (30 + awaySeconds),
    },
    async (_, kind) => {
      const at = fresh();
      const line = await proxy();
      let failed: unknown;
      await at.serve({
        databaseUrl: line.url,
        onFailed: (error) => {
          failed = error;
        },
      });
      const [one, two] = await pair(at);
      await one.told(({ kind }) => kind === "training");
      if (kind !== "accepted") expect(await at.deliver(one, 1, "1a")).toBe("ok");
      const gone = line.cutAtCommitOf(`kind\\":\\"${kind}\\"`).then(async () => {
        await until(
          "trouble while it is away",
          async () => (await two.deliver(1, new Uint8Array(0))) !== "ok",
        );
        await setTimeout(1000 * awaySeconds);
        line.mend();
      });
      if (kind === "accepted") expect(inByNow).toContain(await at.deliver(one, 1, "1a"));
      expect(await at.deliver(two, 1, "1b")).toBe("ok");
      await gone;
      await until("a body", () => at.server().figures().published === 1);
      const facts = (await at.journal()).map(({ fact }) => fact.kind);
      expect(facts.filter((each) => each === "accepted")).toHaveLength(2);
      expect(facts.filter((each) => each === "closed")).toHaveLength(1);
      expect(facts.filter((each) => each === "published")).toHaveLength(1);
      expect(failed).toBeUndefined();
    },
  );
});
