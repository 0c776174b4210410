// The journal in PostgreSQL, by a URL: for hosts that have one, and want its backups. A database has any number of runs.
//
// A run that was claimed is written by the session that holds its lock (postgres-writer.ts). The primary key is the last
// resort: of two that append after the same entry, one fails.

import { randomUUID } from "node:crypto";
import { InputError, type Millis, type RunId } from "@homebody/base";
import pg from "pg";
import { shownDatabase } from "./journal-file.ts";
import { type EntryName, type Journal, JournalConflict, type JournalEntry } from "./ports.ts";
import { connectionOptions, type Writer, writerOf } from "./postgres-writer.ts";

/** Numbers of 64 bits come as text. */
interface Row {
  readonly seq: string;
  readonly at: string;
  readonly fact: string;
}

export interface PostgresJournal extends Journal {
  /** The id that the database has in itself, wherever it is reached. */
  readonly database: string;
  /** Runs that have a fact and are this folder's; with `unowned`, also those that are no folder's. */
  runsOf(folder: string, which: { readonly unowned: boolean }): Promise<readonly RunId[]>;
  /**
   * The run is this folder's, and from now on written here alone, until the journal is closed. Throws RunInUse where another
   * coordinator is at work on it, an InputError where it is another folder's.
   */
  claim(run: RunId, folder: string): Promise<void>;
}

const uniqueViolation = "23505";

/** Made under a lock: two that make a table at the same time would fail. */
const tables = [
  "BEGIN",
  "SELECT pg_advisory_xact_lock(7526481)",
  "CREATE TABLE IF NOT EXISTS homebody_facts (run text NOT NULL, seq bigint NOT NULL, at bigint NOT NULL, " +
    "fact text NOT NULL, PRIMARY KEY (run, seq))",
  "CREATE TABLE IF NOT EXISTS homebody_names (run text NOT NULL, name text NOT NULL, seq bigint NOT NULL, " +
    "PRIMARY KEY (run, name))",
  "CREATE TABLE IF NOT EXISTS homebody_owners (run text PRIMARY KEY, folder text NOT NULL)",
  "CREATE TABLE IF NOT EXISTS homebody_database (one boolean PRIMARY KEY, id text NOT NULL)",
  "COMMIT",
].join("; ");

/** Throws an InputError where no database answers. */
export async function postgresJournal(url: string): Promise<PostgresJournal> {
  if (!/^postgres(ql)?:\/\//.test(url) || !URL.canParse(url))
    throw new InputError("--database", "an address such as postgres://user@host/name", shownDatabase(url));
  const pool = new pg.Pool({ ...connectionOptions(url), max: 4 });
  pool.on("error", () => {}); // an idle connection that was lost: the next query opens another
  const writers = new Map<RunId, Writer>();
  const close = async () => {
    for (const writer of writers.values()) await writer.close();
    await pool.end();
  };
  const database = await prepared(pool).catch(async (error: unknown) => {
    await close();
    const why = (error as Error).message || String((error as { code?: string }).code);
    throw new InputError(
      "--database",
      "a PostgreSQL that answers (is it at work, and are host, user, password and name right?)",
      `${shownDatabase(url)}: ${why}`,
    );
  });
  const lastSeq = async (run: RunId, on: pg.Pool | pg.ClientBase = pool) => {
    const { rows } = await on.query<{ seq: string }>(
      "SELECT coalesce(max(seq), 0) AS seq FROM homebody_facts WHERE run = $1",
      [run],
    );
    return Number(rows[0]!.seq);
  };

  async function name(
    run: RunId,
    names: readonly EntryName[],
    on: pg.Pool | pg.ClientBase = pool,
  ): Promise<void> {
    if (names.length === 0) return;
    await on.query(
      "INSERT INTO homebody_names (run, name, seq) " +
        "SELECT $1, name, seq FROM unnest($2::text[], $3::bigint[]) AS given (name, seq) ON CONFLICT DO NOTHING",
      [run, names.map(({ name }) => name), names.map(({ seq }) => seq)],
    );
  }

  /** What writes to the run: the session that holds its lock, where it was claimed. */
  async function writing<T>(run: RunId, work: (client: pg.ClientBase) => Promise<T>): Promise<T> {
    const writer = writers.get(run);
    if (writer !== undefined) return writer.use(work);
    const client = await pool.connect();
    let failure: Error | undefined;
    try {
      return await work(client);
    } catch (error) {
      failure = error as Error;
      throw error;
    } finally {
      client.release(failure);
    }
  }

  const append: Journal["append"] = (run, expectedSeq, at, facts, names = []) =>
    writing(run, async (client) => {
      try {
        await client.query("BEGIN");
        const found = await lastSeq(run, client);
        if (found !== expectedSeq) throw new JournalConflict(run, expectedSeq, found);
        await client.query(
          "INSERT INTO homebody_facts (run, seq, at, fact) " +
            "SELECT $1, $2 + n, $3, fact FROM unnest($4::text[]) WITH ORDINALITY AS given (fact, n)",
          [run, expectedSeq, at, facts.map((fact) => JSON.stringify(fact))],
        );
        await name(run, names, client);
        await client.query("COMMIT");
        return expectedSeq + facts.length;
      } catch (error) {
        await client.query("ROLLBACK").catch(() => {});
        if ((error as { code?: string }).code !== uniqueViolation) throw error;
        throw new JournalConflict(run, expectedSeq, await lastSeq(run));
      }
    });

  async function claim(run: RunId, folder: string): Promise<void> {
    const writer = writers.get(run) ?? writerOf(url, run);
    try {
      await writer.use(async (client) => {
        await client.query(
          "INSERT INTO homebody_owners (run, folder) VALUES ($1, $2) ON CONFLICT DO NOTHING",
          [run, folder],
        );
        const { rows } = await client.query<{ folder: string }>(
          "SELECT folder FROM homebody_owners WHERE run = $1",
          [run],
        );
        if (rows[0]!.folder === folder) return;
        throw new InputError(
          "--database",
          "a run that no other data folder has (start it in that one, or change the name in the run file)",
          `run ${run.slice(0, 8)}, which is another folder's`,
        );
      });
    } catch (error) {
      await writer.close();
      throw error;
    }
    writers.set(run, writer);
  }

  return {
    database,
    claim,
    runsOf: async (folder, { unowned }) => {
      const { rows } = await pool.query<{ run: RunId }>(
        "SELECT run FROM homebody_facts LEFT JOIN homebody_owners USING (run) WHERE seq = 1 " +
          "AND (folder = $1 OR ($2 AND folder IS NULL)) ORDER BY run",
        [folder, unowned],
      );
      return rows.map(({ run }) => run);
    },
    runs: async () => {
      const { rows } = await pool.query<{ run: RunId }>(
        "SELECT run FROM homebody_facts WHERE seq = 1 ORDER BY run",
      );
      return rows.map(({ run }) => run);
    },
    lastSeq: (run) => lastSeq(run),
    append,
    read: async (run, after, limit) => {
      const { rows } = await pool.query<Row>(
        "SELECT seq, at, fact FROM homebody_facts WHERE run = $1 AND seq > $2 ORDER BY seq LIMIT $3",
        [run, after, limit],
      );
      return rows.map(entryOf);
    },
    find: async (run, name) => {
      const { rows } = await pool.query<Row>(
        "SELECT seq, at, fact FROM homebody_names JOIN homebody_facts USING (run, seq) " +
          "WHERE run = $1 AND name = $2",
        [run, name],
      );
      return rows[0] && entryOf(rows[0]);
    },
    name: (run, names) => name(run, names),
    close,
  };
}

function entryOf({ seq, at, fact }: Row): JournalEntry {
  return { seq: Number(seq), at: Number(at) as Millis, fact: JSON.parse(fact) };
}

/** Makes what is missing; returns the database's id. */
async function prepared(pool: pg.Pool): Promise<string> {
  await pool.query(tables);
  await pool.query("INSERT INTO homebody_database (one, id) VALUES (true, $1) ON CONFLICT DO NOTHING", [
    randomUUID(),
  ]);
  const { rows } = await pool.query<{ id: string }>("SELECT id FROM homebody_database");
  return rows[0]!.id;
}
