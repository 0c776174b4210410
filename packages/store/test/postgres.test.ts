// What the journal in PostgreSQL does beyond the contract: it lives through sessions that the database ends, and tables that
// many make at once.

import { type Millis, type RunId, random } from "@homebody/base";
import pg from "pg";
import { afterEach, describe, expect, test } from "vitest";
import { type PostgresJournal, postgresJournal } from "../src/index.ts";

const postgres = process.env.HOMEBODY_POSTGRES;
const at = 1 as Millis;
const dice = random(`${process.pid} ${performance.now()}`);
const freshRun = () =>
  Array.from({ length: 8 }, () => dice.uint32().toString(16).padStart(8, "0")).join("") as RunId;

const journals: PostgresJournal[] = [];
afterEach(async () => {
  for (const journal of journals.splice(0)) await journal.close();
});

async function open(url = postgres!): Promise<PostgresJournal> {
  const journal = await postgresJournal(url);
  journals.push(journal);
  return journal;
}

/** As the database's own administrator does. */
async function endSessions(): Promise<void> {
  const admin = new pg.Client(postgres);
  await admin.connect();
  await admin.query(
    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid() AND application_name LIKE $1",
    [`homebody %process ${process.pid}`],
  );
  await admin.end();
}

describe.skipIf(postgres === undefined)("PostgreSQL", () => {
  test("[C41] after its session was ended, the run's writer takes its lock again before it writes", async () => {
    const journal = await open();
    const run = freshRun();
    await journal.claim(run, "a folder");
    await journal.append(run, 0, at, [{ n: 1 }]);
    await endSessions();
    const append = async (): Promise<number> => {
      for (let tries = 0; ; tries++)
        try {
          return await journal.append(run, 1, at, [{ n: 2 }]);
        } catch (error) {
          if (tries === 5) throw error;
        }
    };
    expect(await append()).toBe(2);
    const other = await open();
    await expect(other.claim(run, "a folder")).rejects.toMatchObject({ name: "RunInUse" });
  });

  test("[C41] whoever lost the lock to another gives way, and writes nothing", async () => {
    const [first, second] = [await open(), await open()];
    const run = freshRun();
    await first.claim(run, "a folder");
    await first.append(run, 0, at, [{ n: 1 }]);
    await endSessions();
    await second.claim(run, "a folder");
    const outcomes = [];
    for (let i = 0; i < 3; i++)
      outcomes.push(await first.append(run, 1, at, [{ n: 2 }]).catch((error: Error) => error.name));
    expect(outcomes.at(-1)).toBe("RunInUse");
    expect(await second.lastSeq(run)).toBe(1);
    expect(await second.append(run, 1, at, [{ n: 3 }])).toBe(2);
  });

  test("many may open a database that is new", async () => {
    const admin = new pg.Client(postgres);
    await admin.connect();
    const name = `homebody_new_${process.pid}`;
    await admin.query(`CREATE DATABASE ${name}`);
    try {
      const url = new URL(postgres!);
      url.pathname = `/${name}`;
      const all = await Promise.all(Array.from({ length: 8 }, () => open(url.href)));
      expect(new Set(all.map(({ database }) => database)).size).toBe(1);
      for (const journal of journals.splice(0)) await journal.close();
    } finally {
      await admin.query(`DROP DATABASE ${name} WITH (FORCE)`);
      await admin.end();
    }
  });

  test("a database that does not answer is said, without its password", async () => {
    await expect(postgresJournal("postgres://me:geheim@127.0.0.1:1/none")).rejects.toThrow(
      /^--database: expected a PostgreSQL that answers \(is it at work, [^)]*\), got postgres:\/\/me@127\.0\.0\.1:1\/none: .*ECONNREFUSED/,
    );
  });
});
