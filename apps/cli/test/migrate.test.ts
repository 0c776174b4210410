// homebody migrate, killed at every point: the folder is usable whenever that was, and nothing of the journal is lost.

import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { createServer, migrationPoints, stderrLog } from "@homebody/server";
import { openStore, sqliteJournal } from "@homebody/store";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { writeRun } from "../../../test/run-folder.ts";
import { run as migrate } from "../src/migrate.ts";
import { captured } from "./finished-run.ts";

const postgres = process.env.HOMEBODY_POSTGRES;
const main = join(import.meta.dirname, "..", "src", "main.ts");

let folder: string;
let file: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "homebody-migrate-"));
  file = writeRun(folder);
  const name = `name: ${basename(folder)} ${Date.now()}`;
  writeFileSync(file, readFileSync(file, "utf8").replace("name: test", name));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const dataDir = () => join(folder, "data");
const flag = (databaseUrl: string | undefined) => (databaseUrl === undefined ? {} : { databaseUrl });

/** Every start leaves a fact. */
async function startAndStop(databaseUrl?: string): Promise<boolean> {
  const server = await createServer({
    run: file,
    dataDir: dataDir(),
    log: stderrLog("silent"),
    ...flag(databaseUrl),
  });
  const { existed } = server;
  await server.close();
  return existed;
}

async function entries(databaseUrl?: string): Promise<readonly unknown[]> {
  const store = await openStore({ dataDir: dataDir(), ...flag(databaseUrl) });
  try {
    const [run] = await store.run.candidates();
    return await store.journal.read(run!, 0, 10_000);
  } finally {
    await store.close();
  }
}

function killedAt(point: string, args: readonly string[]): NodeJS.Signals | null {
  const env = { ...process.env, HOMEBODY_FAULT: point };
  return spawnSync(process.execPath, ["--import", "tsx", main, "migrate", dataDir(), ...args], { env })
    .signal;
}

test("what is no journal, or is where it is already, is refused", async () => {
  await expect(captured(migrate, [dataDir(), "--to", "paper"])).rejects.toThrow(
    "--to: expected postgres://... or sqlite, got paper",
  );
  await expect(captured(migrate, [dataDir(), "--to", "sqlite"])).rejects.toThrow(
    "data folder: expected one that",
  );
  await startAndStop();
  await expect(captured(migrate, [dataDir(), "--to", "sqlite"])).rejects.toThrow(
    "--to: expected another place than the one where the journal is, got sqlite",
  );
});

describe.skipIf(postgres === undefined)("SQLite and PostgreSQL", () => {
  test("[C40] the run goes on there, and moves back with what it did there", async () => {
    await startAndStop();
    await startAndStop();
    const before = await entries();
    const moved = await captured(migrate, [dataDir(), "--to", postgres!]);
    expect(moved.stdout).toContain(`${before.length} entries, of which ${before.length} were not there yet`);
    expect(await entries(postgres)).toEqual(before);
    await expect(startAndStop()).rejects.toThrow("--database: expected the URL of");
    expect(await startAndStop(postgres)).toBe(true);
    const after = await entries(postgres);
    expect(after.length).toBeGreaterThan(before.length);
    const back = await captured(migrate, [dataDir(), "--to", "sqlite", "--database", postgres!]);
    expect(back.stdout).toContain(`of which ${after.length - before.length} were not there yet`);
    expect(await entries()).toEqual(after);
    expect(await startAndStop()).toBe(true);
  });

  test("[C40] a place that has something else of the run is refused, and the folder stays as it was", async () => {
    await startAndStop();
    await captured(migrate, [dataDir(), "--to", postgres!]);
    await startAndStop(postgres);
    const journal = sqliteJournal(join(dataDir(), "journal.sqlite"));
    const [run] = await journal.runs();
    await journal.append(run!, await journal.lastSeq(run!), 5 as never, [{ kind: "paused" }]);
    await journal.close();
    await expect(captured(migrate, [dataDir(), "--to", "sqlite", "--database", postgres!])).rejects.toThrow(
      /^--to: expected a journal that has nothing of this run, .* got another entry \d+ of run/,
    );
    expect(await startAndStop(postgres)).toBe(true);
  });

  test("[C40] killed at every point, it is usable with the one flag or the other, and goes on", {
    timeout: 120_000,
  }, async () => {
    await startAndStop();
    let at: string | undefined;
    for (const point of migrationPoints) {
      const before = await entries(at);
      const to = at === undefined ? postgres! : "sqlite";
      const from = at === undefined ? [] : ["--database", at];
      // A page is passed only where there is something to copy.
      expect(killedAt(point, ["--to", to, ...from])).toBe("SIGKILL");
      if (point === "migrate:after-switch") at = at === undefined ? postgres! : undefined;
      expect(await entries(at)).toEqual(before);
      expect(await startAndStop(at)).toBe(true);
      await captured(migrate, [
        dataDir(),
        "--to",
        at === undefined ? postgres! : "sqlite",
        ...(at ? ["--database", at] : []),
      ]);
      at = at === undefined ? postgres! : undefined;
      expect(await startAndStop(at)).toBe(true);
    }
  });
});
