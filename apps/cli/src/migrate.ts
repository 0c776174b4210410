// homebody migrate: a run's journal moves to PostgreSQL, or back into its data folder.

import { resolve } from "node:path";
import { parseArgs } from "node:util";
import { InputError } from "@homebody/base";
import { faultsFromEnvironment, migrate, migrationPoints } from "@homebody/server";
import { onlyArgument } from "./options.ts";

export const usage = `
homebody migrate DATA --to postgres://...|sqlite [--database URL]

Moves the journal of the run in the data folder DATA, whose coordinator has to be stopped: it is copied, compared entry by
entry, and then the folder says that it is there. Cut off at any point, the folder is as it was; the same command goes on.
The old journal is left as it is.

  --to WHERE       postgres://..., or sqlite: in the data folder
  --database URL   where the journal is now, if that is PostgreSQL
`;

export async function run(args: readonly string[]): Promise<number> {
  const { values, positionals } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: { to: { type: "string" }, database: { type: "string" } },
  });
  const data = onlyArgument("migrate", "one data folder", positionals);
  const { to, database } = values;
  if (to === undefined || !(to === "sqlite" || /^postgres(ql)?:\/\//.test(to)))
    throw new InputError("--to", "postgres://... or sqlite", to ?? "nothing");
  const faults = faultsFromEnvironment(migrationPoints);
  const { run, entries, copied } = await migrate({
    dataDir: resolve(data),
    to: to === "sqlite" ? undefined : to,
    ...(database === undefined ? {} : { databaseUrl: database }),
    ...(faults === undefined ? {} : { faults }),
  });
  const start = to === "sqlite" ? "without --database" : "with --database and this URL";
  process.stdout.write(
    `The journal of run ${run.slice(0, 8)} has moved: ${entries} entries, of which ${copied} were not there yet.\n` +
      `Start the coordinator ${start}. The old journal was left as it is, and is not used any more.\n`,
  );
  return 0;
}
