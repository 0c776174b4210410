// homebody verify: whether a run is what its journal says, in its data folder or from outside.

import { resolve } from "node:path";
import { parseArgs } from "node:util";
import { noun } from "@homebody/base";
import { systemClock } from "@homebody/clock";
import { openFolder } from "@homebody/server";
import { type Verified, type VerifyInputs, verifyRun } from "@homebody/service";
import { looksLikeAddress } from "./address.ts";
import { servedRun } from "./models/run.ts";
import { onlyArgument } from "./options.ts";
import { reported } from "./reported.ts";

export const usage = `
homebody verify DATA|URL [--database URL]

Looks into the run in the data folder DATA, at work or not: the form of its journal, every blob by its hash, and every body whose
round's deltas are kept (keep.deltaRounds in the run file), which is computed again from them and has to be the same to the bit. From the address
of a coordinator it looks into what is public: the journal, bodies, texts and tokenizers. Exit code 1 where something is lost
or another one; each such file is named, with the entry of the journal that names it.

  --database URL   postgres://..., where the journal of DATA is kept there
`;

export async function run(args: readonly string[]): Promise<number> {
  const { values, positionals } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: { database: { type: "string" } },
  });
  const where = onlyArgument("verify", "one data folder or address", positionals);
  let isGood = true;
  const code = await reported(async (line, stop) => {
    const show = (text: string) => {
      stop.signal.throwIfAborted();
      line.show(text);
    };
    const verified = looksLikeAddress(where)
      ? await verifyRun({ ...(await fromOutside(where)), show })
      : await inFolder(resolve(where), values.database, show);
    isGood = verified.lost.length === 0 && verified.different.length === 0;
    return shown(verified);
  });
  return code === 0 && !isGood ? 1 : code;
}

async function inFolder(dataDir: string, databaseUrl: string | undefined, show: VerifyInputs["show"]) {
  const folder = await openFolder(dataDir, databaseUrl);
  try {
    const others = await folder.blobs.list();
    return await verifyRun({ ...folder, clock: systemClock, others, has: () => true, show });
  } finally {
    await folder.close();
  }
}

async function fromOutside(url: string): Promise<Omit<VerifyInputs, "show">> {
  return { ...(await servedRun(url)), clock: systemClock, others: [] };
}

function shown({ entries, blobs, lost, keptBodies, recomputed, different, unknown }: Verified): string {
  const lines = [
    `journal: ${entries} ${entries === 1 ? "entry" : "entries"}, as they should be`,
    `blobs: ${blobs} read, ${lost.length === 0 ? "each as its name promises" : `${lost.length} lost`}`,
    ...lost.map((sentence) => `  ${sentence}`),
    `bodies: ${recomputed.length} computed again and the same, ${unknown.length} whose deltas are not kept`,
    `  kept for download: ${keptBodies}`,
    ...different.map((body) => `  body ${body}: another one than follows from its round`),
  ];
  if (lost.length > 0)
    lines.push(`Put ${lost.length === 1 ? `the ${noun(1, "file")}` : "these files"} back from a backup.`);
  return `${lines.join("\n")}\n`;
}
