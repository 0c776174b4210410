// The one session that writes to a run in PostgreSQL. It holds the run's lock, so a second coordinator is turned away before it
// has written anything; and since all facts go through the session that holds the lock, one that lost it has to take it again
// before it writes.
//
// A lock is the session's: PostgreSQL lets go of it with the connection. Where it has not noticed yet that ours is gone, we
// end that session ourselves.

import { hostname } from "node:os";
import { oneByOne, type RunId } from "@homebody/base";
import pg from "pg";
import { RunInUse } from "./ports.ts";

export interface Writer {
  /** The work, alone on the session. Throws RunInUse where another coordinator has the run by now. */
  use<T>(work: (session: pg.Client) => Promise<T>): Promise<T>;
  close(): Promise<void>;
}

/** How long a query may take: a database that is cut off says nothing. */
export const patienceMs = 30_000;

/** A connection of ours, by which `pg_stat_activity` shows whose it is. */
export function connectionOptions(url: string): pg.ClientConfig {
  return {
    connectionString: url,
    application_name: `homebody on ${hostname()}, process ${process.pid}`.slice(0, 63),
    connectionTimeoutMillis: patienceMs / 3,
    query_timeout: patienceMs,
    keepAlive: true,
    // Whatever the server's defaults are: what is acknowledged is on the disk, and a machine that is gone is noticed in a minute.
    options:
      "-c synchronous_commit=on -c tcp_keepalives_idle=30 -c tcp_keepalives_interval=10 -c tcp_keepalives_count=3",
  };
}

export function writerOf(url: string, run: RunId): Writer {
  const key = lockKey(run);
  let session: pg.Client | undefined;
  /** The session before this one, as the server numbers them. */
  let before: number | undefined;
  const inTurn = oneByOne();

  async function opened(): Promise<pg.Client> {
    if (session !== undefined) return session;
    const next = new pg.Client(connectionOptions(url));
    next.on("error", () => lose(next));
    try {
      await next.connect();
      if (!(await takes(next))) throw new RunInUse(run, await holder(next));
      const { rows } = await next.query<{ pid: number }>("SELECT pg_backend_pid() AS pid");
      before = rows[0]!.pid;
    } catch (error) {
      await next.end().catch(() => {});
      throw error;
    }
    session = next;
    return next;
  }

  async function takes(client: pg.Client): Promise<boolean> {
    const take = async () => {
      const { rows } = await client.query<{ got: boolean }>("SELECT pg_try_advisory_lock($1) AS got", [key]);
      return rows[0]!.got;
    };
    if (await take()) return true;
    if (before === undefined) return false;
    // Ended, it lets go within moments; another coordinator's session has another number.
    const { rowCount } = await client.query(
      `SELECT pg_terminate_backend(pid) FROM (${holders}) held WHERE pid = $2`,
      [key, before],
    );
    if (rowCount === 0) return false;
    await client.query("SET lock_timeout TO '5s'");
    try {
      await client.query("SELECT pg_advisory_lock($1)", [key]);
      return true;
    } catch (error) {
      if ((error as { code?: string }).code === lockNotAvailable) return false;
      throw error;
    } finally {
      await client.query("SET lock_timeout TO 0").catch(() => {});
    }
  }

  async function holder(client: pg.Client): Promise<string | undefined> {
    const { rows } = await client.query<{ name: string }>(
      `SELECT application_name AS name FROM pg_stat_activity WHERE pid IN (${holders})`,
      [key],
    );
    return rows[0]?.name || undefined;
  }

  function lose(client: pg.Client): void {
    if (session === client) session = undefined;
    client.end().catch(() => {});
  }

  return {
    use: (work) =>
      inTurn(async () => {
        const client = await opened();
        try {
          return await work(client);
        } catch (error) {
          // A query that the server refused leaves the session as it was; all else may have lost it.
          if (!isSaidByServer(error)) lose(client);
          throw error;
        }
      }),
    close: () =>
      inTurn(async () => {
        await session?.end();
        session = undefined;
      }),
  };
}

const lockNotAvailable = "55P03";

/** A lock of 64 bits is listed by its halves. */
const holders =
  "SELECT pid FROM pg_locks WHERE locktype = 'advisory' AND granted AND objsubid = 1 " +
  "AND database = (SELECT oid FROM pg_database WHERE datname = current_database()) " +
  "AND classid::bigint = (($1::bigint >> 32) & 4294967295) AND objid::bigint = ($1::bigint & 4294967295)";

/** A run's id as a signed number of 64 bits. */
function lockKey(run: RunId): string {
  return BigInt.asIntN(64, BigInt(`0x${run.slice(0, 16)}`)).toString();
}

/** Errors of SQL have a code of five characters; those of class 57 end the session, those of class 08 are of the connection. */
function isSaidByServer(error: unknown): boolean {
  if ((error as Error).name === "JournalConflict") return true;
  const { code = "" } = error as { code?: string };
  return /^[0-9A-Z]{5}$/.test(code) && !code.startsWith("57P") && !code.startsWith("08");
}
