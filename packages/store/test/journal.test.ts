import { spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Millis, type RunId, random } from "@homebody/base";
import { afterEach, describe, expect, test } from "vitest";
import { type Journal, memoryJournal, postgresJournal, sqliteJournal } from "../src/index.ts";

const postgres = process.env.HOMEBODY_POSTGRES;
const at = (ms: number) => ms as Millis;
const dice = random(`${process.pid} ${performance.now()}`);
/** Runs of their own, since a database is shared. */
const freshRun = () =>
  Array.from({ length: 8 }, () => dice.uint32().toString(16).padStart(8, "0")).join("") as RunId;

const folders: string[] = [];
function temporary(): string {
  const folder = mkdtempSync(join(tmpdir(), "homebody-journal-"));
  folders.push(folder);
  return folder;
}
afterEach(() => {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true });
});

/** Opens the same storage again and again. */
type Opener = () => { open: () => Promise<Journal> };

const adapters: Readonly<Record<string, Opener>> = {
  memory: () => {
    const journal = memoryJournal();
    return { open: async () => journal };
  },
  sqlite: () => {
    const path = join(temporary(), "journal.sqlite");
    return { open: async () => sqliteJournal(path) };
  },
  postgres: () => ({ open: () => postgresJournal(postgres!) }),
};

test("where CI is set, PostgreSQL is tested too", () => {
  if (process.env.CI) expect(postgres, "HOMEBODY_POSTGRES").toBeDefined();
});

for (const [name, opener] of Object.entries(adapters))
  describe.skipIf(name === "postgres" && postgres === undefined)(
    `journal in ${name}${name === "postgres" && postgres === undefined ? " (no server: set HOMEBODY_POSTGRES)" : ""}`,
    () => {
      test("facts come back as they went in, in order, with their times", async () => {
        const journal = await opener().open();
        const run = freshRun();
        expect(await journal.lastSeq(run)).toBe(0);
        expect(
          await journal.append(run, 0, at(5), [{ kind: "a", text: "日本 'quoted' \u0000" }, { kind: "b" }]),
        ).toBe(2);
        expect(
          await journal.append(run, 2, at(1_700_000_000_000), [
            { kind: "c", deep: [1.5, null, { x: true }] },
          ]),
        ).toBe(3);
        expect(await journal.read(run, 0, 10)).toEqual([
          { seq: 1, at: 5, fact: { kind: "a", text: "日本 'quoted' \u0000" } },
          { seq: 2, at: 5, fact: { kind: "b" } },
          { seq: 3, at: 1_700_000_000_000, fact: { kind: "c", deep: [1.5, null, { x: true }] } },
        ]);
        expect((await journal.read(run, 1, 1)).map(({ seq }) => seq)).toEqual([2]);
        expect(await journal.read(run, 3, 10)).toEqual([]);
        expect(await journal.runs()).toContain(run);
        await journal.close();
      });

      test("appending after another entry than the last is a conflict, and leaves nothing behind", async () => {
        const journal = await opener().open();
        const run = freshRun();
        await journal.append(run, 0, at(1), [{ n: 1 }]);
        await expect(journal.append(run, 0, at(2), [{ n: 2 }])).rejects.toThrow(
          "expected entry 0 last, got entry 1",
        );
        await expect(journal.append(run, 2, at(2), [{ n: 3 }])).rejects.toMatchObject({
          name: "JournalConflict",
        });
        expect(await journal.read(run, 0, 10)).toEqual([{ seq: 1, at: 1, fact: { n: 1 } }]);
        expect(await journal.append(run, 1, at(3), [{ n: 4 }])).toBe(2);
        await journal.close();
      });

      test("of writers that append at once, one wins; the journal is the lock", async () => {
        const { open } = opener();
        const [one, other] = [await open(), await open()];
        const run = freshRun();
        for (let round = 0; round < 5; round++) {
          const tries = await Promise.allSettled(
            [one, other, one, other].map((journal, i) =>
              journal.append(run, round, at(round), [{ round, i }]),
            ),
          );
          expect(tries.filter(({ status }) => status === "fulfilled")).toHaveLength(1);
        }
        expect((await one.read(run, 0, 100)).map(({ seq }) => seq)).toEqual([1, 2, 3, 4, 5]);
        await one.close();
        if (other !== one) await other.close();
      });

      test("an entry is found by each of its names; of two with one name, the first", async () => {
        const journal = await opener().open();
        const [run, other] = [freshRun(), freshRun()];
        const names = [
          { seq: 1, name: "one" },
          { seq: 2, name: "two" },
          { seq: 2, name: "zwei" },
        ];
        await journal.append(run, 0, at(3), [{ n: 1 }, { n: 2 }], names);
        await journal.append(run, 2, at(4), [{ n: 3 }], [{ seq: 3, name: "two" }]);
        await journal.append(other, 0, at(5), [{ of: "other" }], [{ seq: 1, name: "two" }]);
        expect(await journal.find(run, "two")).toEqual({ seq: 2, at: 3, fact: { n: 2 } });
        expect(await journal.find(run, "zwei")).toEqual({ seq: 2, at: 3, fact: { n: 2 } });
        expect((await journal.find(other, "two"))?.fact).toEqual({ of: "other" });
        expect(await journal.find(run, "three")).toBeUndefined();
        expect(await journal.find(freshRun(), "one")).toBeUndefined();
        await journal.close();
      });

      test("entries that were appended without names get them later; a refused append names nothing", async () => {
        const journal = await opener().open();
        const run = freshRun();
        await journal.append(run, 0, at(1), [{ n: 1 }, { n: 2 }]);
        await expect(journal.append(run, 1, at(1), [{ n: 9 }], [{ seq: 2, name: "a" }])).rejects.toThrow();
        expect(await journal.find(run, "a")).toBeUndefined();
        await journal.name(run, [{ seq: 1, name: "a" }]);
        await journal.name(run, [
          { seq: 2, name: "a" },
          { seq: 2, name: "b" },
        ]);
        await journal.name(run, []);
        expect((await journal.find(run, "a"))?.seq).toBe(1);
        expect((await journal.find(run, "b"))?.seq).toBe(2);
        await journal.close();
      });

      test("runs are apart", async () => {
        const journal = await opener().open();
        const [a, b] = [freshRun(), freshRun()];
        await journal.append(a, 0, at(1), [{ of: "a" }]);
        await journal.append(b, 0, at(1), [{ of: "b" }, { of: "b" }]);
        expect([await journal.lastSeq(a), await journal.lastSeq(b)]).toEqual([1, 2]);
        expect((await journal.read(a, 0, 10)).map(({ fact }) => fact)).toEqual([{ of: "a" }]);
        await journal.close();
      });

      test.skipIf(name === "memory")("what was appended is there when it is opened again", async () => {
        const { open } = opener();
        const run = freshRun();
        const first = await open();
        await first.append(run, 0, at(9), [{ n: 1 }], [{ seq: 1, name: "a" }]);
        await first.close();
        const second = await open();
        expect((await second.find(run, "a"))?.seq).toBe(1);
        expect(await second.read(run, 0, 10)).toEqual([{ seq: 1, at: 9, fact: { n: 1 } }]);
        await second.close();
      });
    },
  );

test("sqlite: an append that was acknowledged survives kill -9", async () => {
  const path = join(temporary(), "journal.sqlite");
  const run = freshRun();
  const script = `
    import { sqliteJournal } from ${JSON.stringify(new URL("../src/sqlite.ts", import.meta.url).href)};
    const journal = sqliteJournal(${JSON.stringify(path)});
    for (let n = 0; ; n++) { await journal.append(${JSON.stringify(run)}, n, n, [{ n }]); process.stdout.write(n + "\\n"); }`;
  const child = spawn(process.execPath, ["--import", "tsx", "--input-type=module", "-e", script]);
  let acknowledged = -1;
  let rest = "";
  const killed = new Promise<void>((resolve) => child.on("exit", () => resolve()));
  child.stdout.on("data", (bytes: Buffer) => {
    rest += bytes.toString();
    const lines = rest.split("\n");
    rest = lines.pop()!;
    for (const line of lines) acknowledged = Number(line);
    if (acknowledged >= 20) child.kill("SIGKILL");
  });
  await killed;
  expect(acknowledged).toBeGreaterThanOrEqual(20);
  const journal = sqliteJournal(path);
  const last = await journal.lastSeq(run);
  expect(last).toBeGreaterThanOrEqual(acknowledged + 1);
  expect((await journal.read(run, 0, last)).map(({ fact }) => fact)).toEqual(
    Array.from({ length: last }, (_, n) => ({ n })),
  );
  await journal.close();
});
