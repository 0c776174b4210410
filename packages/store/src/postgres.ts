// The journal in PostgreSQL, by a URL: for hosts that have one, and want its backups.
//
// The primary key is the lock: of two coordinators that append after the same entry, one fails.

import type { Millis, RunId } from "@homebody/base";
import pg from "pg";
import { type EntryName, type Journal, JournalConflict, type JournalEntry } from "./ports.ts";

/** Numbers of 64 bits come as text. */
interface Row {
  readonly seq: string;
  readonly at: string;
  readonly fact: string;
}

const uniqueViolation = "23505";

export async function postgresJournal(url: string): Promise<Journal> {
  const pool = new pg.Pool({ connectionString: url, max: 4 });
  pool.on("error", () => {}); // an idle connection that was lost: the next query opens another
  // Whatever the server's default is: what is acknowledged is on the disk.
  pool.on("connect", (client) => void client.query("SET synchronous_commit TO on").catch(() => {}));
  await pool.query(
    "CREATE TABLE IF NOT EXISTS homebody_facts (run text NOT NULL, seq bigint NOT NULL, at bigint NOT NULL, " +
      "fact text NOT NULL, PRIMARY KEY (run, seq))",
  );
  await pool.query(
    "CREATE TABLE IF NOT EXISTS homebody_names (run text NOT NULL, name text NOT NULL, seq bigint NOT NULL, " +
      "PRIMARY KEY (run, name))",
  );
  const lastSeq = async (run: RunId, on: pg.Pool | pg.PoolClient = pool) => {
    const { rows } = await on.query<{ seq: string }>(
      "SELECT coalesce(max(seq), 0) AS seq FROM homebody_facts WHERE run = $1",
      [run],
    );
    return Number(rows[0]!.seq);
  };

  async function name(
    run: RunId,
    names: readonly EntryName[],
    on: pg.Pool | pg.PoolClient = pool,
  ): Promise<void> {
    if (names.length === 0) return;
    await on.query(
      "INSERT INTO homebody_names (run, name, seq) " +
        "SELECT $1, name, seq FROM unnest($2::text[], $3::bigint[]) AS given (name, seq) ON CONFLICT DO NOTHING",
      [run, names.map(({ name }) => name), names.map(({ seq }) => seq)],
    );
  }

  async function append(
    run: RunId,
    expectedSeq: number,
    at: Millis,
    facts: readonly unknown[],
    names: readonly EntryName[] = [],
  ) {
    const client = await pool.connect();
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
    } finally {
      client.release();
    }
  }

  return {
    runs: async () => {
      const { rows } = await pool.query<{ run: RunId }>(
        "SELECT DISTINCT run FROM homebody_facts ORDER BY run",
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
    close: () => pool.end(),
  };
}

function entryOf({ seq, at, fact }: Row): JournalEntry {
  return { seq: Number(seq), at: Number(at) as Millis, fact: JSON.parse(fact) };
}
