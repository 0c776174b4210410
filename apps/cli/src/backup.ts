// homebody backup: a run as it is now, in one file.

import { resolve } from "node:path";
import { parseArgs } from "node:util";
import { InputError, noun } from "@homebody/base";
import { backup } from "@homebody/server";
import { onlyArgument } from "./options.ts";

export const usage = `
homebody backup DATA --to FILE [--database URL]

Writes the run in the data folder DATA to FILE, a tar: its journal, its blobs and its admin token, as they were at one moment.
The coordinator may be at work meanwhile. Whoever has the file has the token: keep it as you keep a password. The run file and
the texts beside it are yours to keep. Exit code 1 where the run has lost blobs, which are then not in it.

  --to FILE        written when it is whole; one of this name is replaced
  --database URL   postgres://..., where the journal is kept there
`;

export async function run(args: readonly string[]): Promise<number> {
  const { values, positionals } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: { to: { type: "string" }, database: { type: "string" } },
  });
  const data = onlyArgument("backup", "one data folder", positionals);
  const { to, database } = values;
  if (to === undefined) throw new InputError("--to", "the file that is written", "none");
  const { entries, blobs, lost } = await backup({
    dataDir: resolve(data),
    file: resolve(to),
    ...(database === undefined ? {} : { databaseUrl: database }),
  });
  process.stdout.write(
    `${to}: ${entries} journal ${entries === 1 ? "entry" : "entries"}, ${blobs} ${noun(blobs, "blob")}\n`,
  );
  for (const file of lost) process.stdout.write(`  not in it: ${file}, which is missing or damaged\n`);
  return lost.length === 0 ? 0 : 1;
}
