// The journal in SQLite (npm `libsql`): one file, nothing to install to start.
//
// WAL with synchronous=FULL: an append is one commit and one sync, and is on the disk when it returns.

import { chmodSync, closeSync, existsSync, openSync } from "node:fs";
import { InputError, type Millis, type RunId } from "@homebody/base";
import Database from "libsql";
import { type EntryName, type Journal, JournalConflict, type JournalEntry } from "./ports.ts";

interface Row {
  readonly seq: number;
  readonly at: number;
  readonly fact: string;
}

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
  const last = database.prepare("SELECT coalesce(max(seq), 0) AS seq FROM facts WHERE run = ?");
  const insert = database.prepare("INSERT INTO facts (run, seq, at, fact) VALUES (?, ?, ?, ?)");
  const read = database.prepare(
    "SELECT seq, at, fact FROM facts WHERE run = ? AND seq > ? ORDER BY seq LIMIT ?",
  );
  const insertName = database.prepare("INSERT OR IGNORE INTO names (run, name, seq) VALUES (?, ?, ?)");
  const find = database.prepare(
    "SELECT seq, at, fact FROM names JOIN facts USING (run, seq) WHERE run = ? AND name = ?",
  );
  const runs = database.prepare("SELECT DISTINCT run FROM facts ORDER BY run");
  const lastSeq = (run: RunId) => (last.get(run) as { seq: number }).seq;

  /** All of the work or none; IMMEDIATE takes the write lock before anything is looked at. */
  function transact(work: () => void): void {
    database.exec("BEGIN IMMEDIATE");
    try {
      work();
      database.exec("COMMIT");
    } catch (error) {
      if (database.inTransaction) database.exec("ROLLBACK");
      throw error;
    }
  }

  function insertNames(run: RunId, names: readonly EntryName[]): void {
    for (const { name, seq } of names) insertName.run(run, name, seq);
  }

  return {
    runs: async () => (runs.all() as { run: RunId }[]).map(({ run }) => run),
    lastSeq: async (run) => lastSeq(run),
    append: async (run, expectedSeq, at, facts, names = []) => {
      transact(() => {
        const found = lastSeq(run); // under the lock: two writers cannot both find it theirs
        if (found !== expectedSeq) throw new JournalConflict(run, expectedSeq, found);
        for (const [i, fact] of facts.entries())
          insert.run(run, expectedSeq + 1 + i, at, JSON.stringify(fact));
        insertNames(run, names);
      });
      return expectedSeq + facts.length;
    },
    read: async (run, after, limit) => (read.all(run, after, limit) as Row[]).map(entryOf),
    find: async (run, name) => {
      const row = find.get(run, name) as Row | undefined;
      return row && entryOf(row);
    },
    name: async (run, names) => transact(() => insertNames(run, names)),
    close: async () => {
      // All of it in one file, for whoever copies that. Another reader may stand in the way: it is no loss.
      database.pragma("wal_checkpoint(TRUNCATE)");
      database.close();
    },
  };
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
