// homebody source add: a new source for a run that is at rest in its data folder.

import { resolve } from "node:path";
import { parseArgs } from "node:util";
import { InputError } from "@homebody/base";
import { addSource, faultsFromEnvironment } from "@homebody/server";

export const usage = `
homebody source add DATA --id ID --title TITLE --language TAG (--train PATH [--held-out PATH] | --brought)
                    [--licence TEXT] [--vocabulary N] [--tokenizer FILE] [--words device|source]
                    [--admission open|code|approval] [--database URL]

Adds a source to the run in the data folder DATA, whose coordinator has to be stopped. What the run does not fix for all its
sources is given here; the next start of the coordinator goes on with it, also with the run file as it was.

  --id ID            what it is called in commands: a-z, 0-9 and -
  --title TITLE      as people read it
  --language TAG     such as es or zh-Hant
  --train PATH       a file or folder of .txt, .md or .jsonl that the host serves
  --held-out PATH    text to measure on; without it a share of the served text is held out
  --brought          volunteers bring the text
  --licence TEXT     of its text, such as CC-BY-SA-4.0: an exported model names it
  --vocabulary N     tokens of its vocabulary; without it as many as the run says
  --tokenizer FILE   a tokenizer.json, where vocabularies are of sources
  --words WHOSE      device or source: whose the embeddings are; without it as the run says
  --admission WHOM   whom it takes: open to whoever comes, code (by invitation) or approval (the host lets each in)
  --database URL     postgres://..., where the journal is kept there
`;

const whom = { open: "", code: ", by invitation", approval: ", for whom you approve" } as const;

/** By key of a run file's source. */
const optionOf: Readonly<Record<string, string>> = { heldOut: "--held-out", text: "--brought" };

export async function run(args: readonly string[]): Promise<number> {
  const { values, positionals } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: {
      id: { type: "string" },
      title: { type: "string" },
      language: { type: "string" },
      train: { type: "string" },
      "held-out": { type: "string" },
      brought: { type: "boolean", default: false },
      licence: { type: "string" },
      vocabulary: { type: "string" },
      tokenizer: { type: "string" },
      words: { type: "string" },
      admission: { type: "string" },
      database: { type: "string" },
    },
  });
  const [act, data] = positionals;
  if (act !== "add" || data === undefined || positionals.length > 2)
    throw new InputError("source", "add and one data folder", positionals.join(" ") || "nothing");
  const { brought, "held-out": heldOut, vocabulary, database, ...given } = values;
  const faults = faultsFromEnvironment();
  const source = {
    ...given,
    id: given.id ?? "",
    text: brought ? "brought" : "served",
    ...(heldOut === undefined ? {} : { heldOut }),
    ...(vocabulary === undefined
      ? {}
      : { vocabulary: /^\d+$/.test(vocabulary) ? Number(vocabulary) : vocabulary }),
  };
  const added = await addSource({
    source,
    dataDir: resolve(data),
    folder: process.cwd(),
    place: (key) => optionOf[key] ?? `--${key}`,
    ...(database === undefined ? {} : { databaseUrl: database }),
    ...(faults === undefined ? {} : { faults }),
  });
  const { title, id, vocabulary: tokens, words, admission } = added.source;
  const when = added.waits ? "once the round that is under way has ended" : "from now on";
  process.stdout.write(
    `${title} (${id}) takes part in "${added.manifest.name}" ${when}: ${tokens} tokens, ` +
      `words of ${words === "source" ? "the source" : "each device"}${whom[admission]}.\n`,
  );
  return 0;
}
