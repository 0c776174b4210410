// The journal in SQLite (npm `libsql`): one file, nothing to install to start.
//
// WAL with synchronous=FULL: an append is one commit and one sync, and is on the disk when it resolves. What waits for the disk does not
// keep the event loop from anything else.

import { chmodSync, closeSync, existsSync, openSync } from "node:fs";
import { InputError, type Millis, oneByOne, type RunId } from "@homebody/base";
import Database from "libsql";
import WaitingDatabase from "libsql/promise";
import { type EntryName, type Journal, JournalConflict, type JournalEntry } from "./ports.ts";

interface Row {
  readonly seq: number;
  readonly at: number;
  readonly fact: string;
}

const lastOfRun = "SELECT coalesce(max(seq), 0) AS seq FROM facts WHERE run = ?";

export function sqliteJournal(path: string): Journal {
  ownersAlone(path);
  const database = new Database(path);
  requireJournal(path, database, () => database.pragma("journal_mode = WAL"));
  database.pragma("synchronous = FULL");
  database.pragma("busy_timeout = 5000");
  database.exec(
    "CREATE TABLE IF NOT EXISTS facts (run TEXT NOT NULL, seq INTEGER NOT NULL, at INTEGER NOT NULL, " +
      "fact TEXT NOT NULL, PRIMARY KEY (run, seq)) WITHOUT ROWID",
  );
  database.exec(
    "CREATE TABLE IF NOT EXISTS names (run TEXT NOT NULL, name TEXT NOT NULL, seq INTEGER NOT NULL, " +
      "PRIMARY KEY (run, name)) WITHOUT ROWID",
  );
  const last = database.prepare(lastOfRun);
  const read = database.prepare(
    "SELECT seq, at, fact FROM facts WHERE run = ? AND seq > ? ORDER BY seq LIMIT ?",
  );
  const find = database.prepare(
    "SELECT seq, at, fact FROM names JOIN facts USING (run, seq) WHERE run = ? AND name = ?",
  );
  const runs = database.prepare("SELECT DISTINCT run FROM facts ORDER BY run");
  const lastSeq = (run: RunId) => (last.get(run) as { seq: number }).seq;

  const inTurn = oneByOne();
  let writing: Promise<Writer> | undefined;

  /** All of the work or none; IMMEDIATE takes the write lock before anything is looked at. */
  const transact = (work: (writer: Writer) => void) =>
    inTurn(async () => {
      writing ??= writerOf(path);
      const writer = await writing.catch((error) => {
        writing = undefined; // the next one tries again
        throw error;
      });
      const { database } = writer;
      await database.exec("BEGIN IMMEDIATE");
      try {
        work(writer);
        await database.exec("COMMIT");
      } catch (error) {
        if (database.inTransaction) await database.exec("ROLLBACK");
        throw error;
      }
    });

  return {
    runs: async () => (runs.all() as { run: RunId }[]).map(({ run }) => run),
    lastSeq: async (run) => lastSeq(run),
    append: async (run, expectedSeq, at, facts, names = []) => {
      await transact((writer) => {
        const found = (writer.last.get(run) as { seq: number }).seq; // under the lock: two writers cannot both find it theirs
        if (found !== expectedSeq) throw new JournalConflict(run, expectedSeq, found);
        for (const [i, fact] of facts.entries())
          writer.insert.run(run, expectedSeq + 1 + i, at, JSON.stringify(fact));
        insertNames(writer, run, names);
      });
      return expectedSeq + facts.length;
    },
    read: async (run, after, limit) => (read.all(run, after, limit) as Row[]).map(entryOf),
    find: async (run, name) => {
      const row = find.get(run, name) as Row | undefined;
      return row && entryOf(row);
    },
    name: (run, names) => transact((writer) => insertNames(writer, run, names)),
    close: async () => {
      await inTurn(async () => (await writing?.catch(() => undefined))?.database.close());
      // All of it in one file, for whoever copies that. Another reader may stand in the way: it is no loss.
      database.pragma("wal_checkpoint(TRUNCATE)");
      database.close();
    },
  };
}

/** By which facts are written: a commit waits for the disk, and nobody waits for it meanwhile but who asked for it. */
interface Writer {
  readonly database: Waiting;
  readonly last: Database.Statement;
  readonly insert: Database.Statement;
  readonly insertName: Database.Statement;
}

/** What `libsql/promise` has of it; its own types say nothing. */
interface Waiting {
  readonly inTransaction: boolean;
  exec(sql: string): Promise<void>;
  prepare(sql: string): Promise<Database.Statement>;
  close(): void;
}

/** A connection of its own: what is being written is not to be read yet. */
async function writerOf(path: string): Promise<Writer> {
  const database = new WaitingDatabase(path, undefined) as unknown as Waiting;
  await database.exec("PRAGMA synchronous = FULL");
  await database.exec("PRAGMA busy_timeout = 5000");
  return {
    database,
    last: await database.prepare(lastOfRun),
    insert: await database.prepare("INSERT INTO facts (run, seq, at, fact) VALUES (?, ?, ?, ?)"),
    insertName: await database.prepare("INSERT OR IGNORE INTO names (run, name, seq) VALUES (?, ?, ?)"),
  };
}

function insertNames({ insertName }: Writer, run: RunId, names: readonly EntryName[]): void {
  for (const { name, seq } of names) insertName.run(run, name, seq);
}

/** Throws an InputError for a file that is no database, or a damaged one. */
function requireJournal(path: string, database: Pick<Database.Database, "close">, first: () => void): void {
  try {
    first();
  } catch (error) {
    database.close();
    const { code = "", message } = error as { code?: string; message: string };
    if (!/^SQLITE_(NOTADB|CORRUPT)/.test(code)) throw error;
    throw new InputError(path, "a journal (bring it back from a backup: homebody restore)", message);
  }
}

/** Nobody else on the machine reads it; what SQLite writes beside it gets the same mode. */
function ownersAlone(path: string): void {
  closeSync(openSync(path, "a", 0o600));
  for (const name of [path, `${path}-wal`, `${path}-shm`]) if (existsSync(name)) chmodSync(name, 0o600);
}

function entryOf({ seq, at, fact }: Row): JournalEntry {
  return { seq, at: at as Millis, fact: JSON.parse(fact) };
}
