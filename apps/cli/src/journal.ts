// homebody journal: a run's journal in formats that other tools read, as far as it is or as it goes on.

import { resolve } from "node:path";
import { parseArgs } from "node:util";
import { InputError, noun } from "@homebody/base";
import { journalSchema } from "@homebody/coordinator/schema";
import { type JournalFormat, journalFormats } from "@homebody/measures";
import { looksLikeAddress } from "./address.ts";
import { interrupt } from "./interrupt.ts";
import { type OpenJournal, openJournal } from "./journal/open.ts";
import { eventFile, type Output, outputFile, standardOutput } from "./journal/output.ts";
import { type Following, pagesOf } from "./journal/pages.ts";
import { listed, oneNamed, onlyArgument } from "./options.ts";
import { progressLine } from "./progress-line.ts";

export const usage = `
homebody journal DATA|URL [--format ${listed(journalFormats, "|")}] [--to FILE|DIR] [--follow] [--database URL]
homebody journal --schema

Writes the journal of the run in the data folder DATA, at work or not, or at a coordinator's address. docs/journal.md says what is in it.

  --format         ${journalFormats.map(({ name, summary }) => `${name}: ${summary}`).join("\n                   ")}
  --to FILE        instead of stdout. What is there has to be how this journal begins: what follows is added to it. Of tfevents a folder,
                   for tensorboard --logdir
  --follow         goes on as entries come, until the run is finished or Ctrl-C
  --database URL   postgres://..., where the journal of DATA is kept there
  --schema         prints the JSON schema of an entry instead
`;

interface Options {
  readonly where: string;
  readonly format: JournalFormat;
  readonly to: string | undefined;
  readonly follow: boolean;
  readonly database: string | undefined;
}

export async function run(args: readonly string[]): Promise<number> {
  const options = read(args);
  if (options === "schema") {
    process.stdout.write(`${JSON.stringify(journalSchema(), null, 2)}\n`);
    return 0;
  }
  const stop = interrupt();
  const journal = await openJournal(options.where, options.database);
  try {
    return await write(journal, options, stop.signal);
  } finally {
    await journal.close();
    stop.release();
  }
}

/** Ctrl-C is how following ends; of the rest it is an end before the end. */
async function write(journal: OpenJournal, options: Options, signal: AbortSignal): Promise<number> {
  const { format, follow, to } = options;
  const line = progressLine();
  const output = await outputOf(journal, options);
  const following: Following = { follow, signal, waits: (why) => line.show(`${why}; trying again`) };
  const writer = format.writer();
  let last = 0;
  try {
    for await (const entries of pagesOf(journal, following)) {
      await output.write(writer.write(entries));
      last = entries.at(-1)!.seq;
      if (output.isClosed) return 0;
      if (to !== undefined) line.show(`${last} ${noun(last, "entry", "entries")}`);
    }
    if (!signal.aborted) await output.end();
  } finally {
    await output.close();
    if (to !== undefined) line.end();
  }
  if (output.file !== undefined) {
    const { path, addedBytes } = output.file;
    process.stdout.write(`${path}: up to entry ${last}, ${addedBytes} bytes more than before\n`);
  }
  return signal.aborted && !follow ? 130 : 0;
}

async function outputOf(journal: OpenJournal, { format, to }: Options): Promise<Output> {
  if (to === undefined) return standardOutput();
  return await outputFile(format.isBinary ? await eventFile(to, journal) : to);
}

/** Throws an InputError that names the option. */
function read(args: readonly string[]): Options | "schema" {
  const { values, positionals } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: {
      format: { type: "string", default: journalFormats[0]!.name },
      to: { type: "string" },
      follow: { type: "boolean", default: false },
      database: { type: "string" },
      schema: { type: "boolean", default: false },
    },
  });
  if (values.schema) return "schema";
  const given = onlyArgument("journal", "one data folder or address", positionals);
  const format = oneNamed("--format", journalFormats, values.format);
  if (format.isBinary && values.to === undefined)
    throw new InputError("--to", `a folder for the file of ${format.name}`, "none");
  const where = looksLikeAddress(given) ? given : resolve(given);
  return { where, format, to: values.to, follow: values.follow, database: values.database };
}
