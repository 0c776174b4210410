// homebody restore: a run brought back from a backup.

import { resolve } from "node:path";
import { parseArgs } from "node:util";
import { InputError, noun } from "@homebody/base";
import { restore } from "@homebody/server";
import { onlyArgument } from "./options.ts";

export const usage = `
homebody restore FILE --to DATA [--database URL]

Brings a run back from a backup, to the data folder DATA, which must not be there yet or be empty. Every blob is held to its hash
and every entry of the journal to its form. \`homebody serve\` with the run's file goes on from there: rounds that came after the
backup are made again, so never let two coordinators go on with one run. Exit code 1 where the backup lacks blobs that the run needs.

  --database URL   postgres://...: the journal goes there instead of into the folder
`;

export async function run(args: readonly string[]): Promise<number> {
  const { values, positionals } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: { to: { type: "string" }, database: { type: "string" } },
  });
  const file = onlyArgument("restore", "one backup", positionals);
  const { to, database } = values;
  if (to === undefined) throw new InputError("--to", "the data folder that is made", "none");
  const { run, entries, blobs, lost } = await restore({
    file: resolve(file),
    dataDir: resolve(to),
    ...(database === undefined ? {} : { databaseUrl: database }),
  });
  process.stdout.write(
    `${to}: run ${run.slice(0, 8)}, ${entries} journal ${entries === 1 ? "entry" : "entries"}, ${blobs} ${noun(blobs, "blob")}\n`,
  );
  for (const name of lost) process.stdout.write(`  the backup lacks ${name}\n`);
  return lost.length === 0 ? 0 : 1;
}
