// A database of a test's own on the PostgreSQL of the tests.

import pg from "pg";

export interface PrivateDatabase {
  readonly url: string;
  remove(): Promise<void>;
}

export async function privateDatabase(url: string, name: string): Promise<PrivateDatabase> {
  const ask = async (sql: string) => {
    const client = new pg.Client({ connectionString: url });
    await client.connect();
    await client.query(sql).finally(() => client.end());
  };
  const own = `homebody_test_${process.pid}_${name}`;
  await ask(`CREATE DATABASE ${own}`);
  const { href } = Object.assign(new URL(url), { pathname: `/${own}` });
  return { url: href, remove: () => ask(`DROP DATABASE ${own} WITH (FORCE)`) };
}
