// homebody experiment: a run beside its controls, headless, on this machine.
//
// Arms: federated (the run as its file says), frozen (the same with a body that stays as it was initialised: what
// embeddings alone can learn), and each source alone for the same steps. Beside them a unigram model of each source's own
// vocabulary, on the same held-out tokens. Each arm is a real coordinator with real volunteers, and keeps its state in
// a folder of its own: an experiment that was stopped goes on.

import { mkdir, writeFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { parseArgs } from "node:util";
import { InputError } from "@homebody/base";
import { type Figures, figuresOf } from "@homebody/coordinator";
import type { RunFile } from "@homebody/protocol";
import { createServer, type LoadedRunFile, loadRunFile, readJournal, stderrLog } from "@homebody/server";
import { openStore } from "@homebody/store";
import { heldOutBatches, unigram } from "@homebody/text";
import { heldOutOptions, storedText } from "@homebody/volunteer/node";
import { startVolunteers } from "./demo/volunteers.ts";
import { interrupt } from "./interrupt.ts";
import { wholeNumber } from "./options.ts";

export const usage = `
homebody experiment RUN.yaml [--texts DIR] [--out DIR] [--rounds N] [--arms federated,frozen,alone]

  --texts DIR   what paths in the run file are relative to (default: the file's folder)
  --out DIR     state and results (default: experiment); another start goes on from it
  --rounds N    instead of the file's

Prints tables in Markdown; OUT/results.json has the numbers.
`;

interface Arm {
  readonly name: string;
  readonly file: RunFile;
}

type Scores = Readonly<Record<string, readonly { readonly body: number; readonly bitsPerByte: number }[]>>;

export async function run(args: readonly string[]): Promise<number> {
  const { values, positionals } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: {
      texts: { type: "string" },
      out: { type: "string", default: "experiment" },
      rounds: { type: "string" },
      arms: { type: "string", default: "federated,frozen,alone" },
    },
  });
  const [path] = positionals;
  if (path === undefined || positionals.length > 1)
    throw new InputError("experiment", "one run file", positionals.join(" ") || "nothing");
  const loaded = await loadRunFile(path);
  const folder = values.texts === undefined ? loaded.folder : resolve(values.texts);
  const rounds =
    values.rounds === undefined ? loaded.file.rounds : wholeNumber("--rounds", values.rounds, 1, 1e6);
  const file: RunFile = { ...loaded.file, rounds };
  const out = resolve(values.out);
  await mkdir(out, { recursive: true });
  const stop = interrupt();
  const scores: Record<string, Scores> = {};
  for (const arms of armsOf(file, values.arms.split(","))) {
    const ended = await Promise.all(
      arms.map((arm) => runArm(arm, { folder, written: loaded.written }, out, stop)),
    );
    if (stop.signal.aborted) return 130;
    arms.forEach(({ name }, i) => {
      scores[name] = scoresOf(ended[i]!);
    });
  }
  stop.release();
  const unigrams = await unigramsOf(file, out);
  await writeFile(join(out, "results.json"), `${JSON.stringify({ unigrams, scores }, null, 2)}\n`);
  process.stdout.write(tables(file, unigrams, scores));
  return 0;
}

/** Arms that run one after another; those of one list run at once. */
function armsOf(file: RunFile, wanted: readonly string[]): Arm[][] {
  const all: Record<string, Arm[]> = {
    federated: [{ name: "federated", file }],
    frozen: [{ name: "frozen", file: { ...file, training: { ...file.training, frozenBody: true } } }],
    alone: file.sources.map((source) => ({
      name: `alone-${source.id}`,
      file: { ...file, sources: [source], round: { ...file.round, minimum: 1 } },
    })),
  };
  return wanted.map((name) => {
    const arms = all[name];
    if (arms === undefined) throw new InputError("--arms", Object.keys(all).join(", "), name);
    return arms;
  });
}

async function runArm(
  { name, file }: Arm,
  { folder, written }: Pick<LoadedRunFile, "folder" | "written">,
  out: string,
  stop: ReturnType<typeof interrupt>,
): Promise<Figures> {
  const dataDir = join(out, name);
  const log = stderrLog("warn");
  const server = await createServer({ run: { file, folder, written }, dataDir, port: 0, log });
  const ids = file.sources.map(({ id }) => id);
  let shown = -1;
  const showing = setInterval(() => {
    const { published, rounds } = server.figures();
    if (published === shown) return;
    shown = published;
    process.stderr.write(`${new Date().toISOString()} ${name}: ${published} of ${rounds} rounds\n`);
  }, 1000);
  const finished = server.state().phase.kind === "finished";
  const volunteers = startVolunteers(ids, {
    count: finished ? 0 : ids.length,
    url: server.url,
    dataDir,
  });
  try {
    await Promise.race([server.finished, stop.came]);
    return server.figures();
  } finally {
    clearInterval(showing);
    await volunteers.stop();
    await server.close();
  }
}

function scoresOf(figures: Figures): Scores {
  return Object.fromEntries(
    Object.entries(figures.scores).map(([id, list]) => [
      id,
      list.map(({ body, bitsPerByte }) => ({ body, bitsPerByte })),
    ]),
  );
}

/** On the text that the federated volunteers prepared: their vocabularies, their held-out tokens. */
async function unigramsOf(file: RunFile, out: string): Promise<Record<string, number>> {
  const dataDir = join(out, "federated");
  const store = await openStore({ dataDir });
  const [run] = await store.journal.runs();
  const entries = run === undefined ? [] : await readJournal(store.journal, run);
  await store.close();
  const first = entries[0]?.fact;
  if (first?.kind !== "created" || figuresOf(entries) === undefined)
    throw new InputError(dataDir, "the federated arm's run", "none");
  const unigrams: Record<string, number> = {};
  for (const [i, { id }] of file.sources.entries()) {
    const source = first.manifest.sources.find((one) => one.id === id)!;
    const text = await storedText(join(dataDir, "volunteers", String(i + 1)), first.manifest, source);
    const batches = heldOutBatches(text.heldOut, heldOutOptions(first.manifest, source));
    unigrams[id] = unigram(text.train, batches, source.vocabulary).bitsPerByte;
  }
  return unigrams;
}

function tables(
  file: RunFile,
  unigrams: Readonly<Record<string, number>>,
  scores: Readonly<Record<string, Scores>>,
): string {
  const ids = file.sources.map(({ id }) => id);
  const last = (arm: string, id: string) =>
    (scores[arm]?.[id] ?? scores[`${arm}-${id}`]?.[id])?.at(-1)?.bitsPerByte;
  const number = (value: number | undefined) => (value === undefined ? "" : value.toFixed(3));
  const below = (value: number | undefined, other: number | undefined) =>
    value === undefined || other === undefined ? "" : `${(100 * (1 - value / other)).toFixed(1)} %`;
  const lines = [
    "| source | unigram | frozen body | alone | federated | below unigram | below frozen |",
    "|---|---|---|---|---|---|---|",
  ];
  for (const id of ids) {
    const federated = last("federated", id);
    const cells = [unigrams[id], last("frozen", id), last("alone", id), federated].map(number);
    lines.push(
      `| ${[id, ...cells, below(federated, unigrams[id]), below(federated, last("frozen", id))].join(" | ")} |`,
    );
  }
  lines.push("", `| body | ${ids.join(" | ")} |`, `|---|${ids.map(() => "---|").join("")}`);
  for (let body = 0; body <= file.rounds; body++) {
    const cells = ids.map((id) =>
      number(scores.federated?.[id]?.find((score) => score.body === body)?.bitsPerByte),
    );
    if (cells.some((cell) => cell !== "")) lines.push(`| ${body} | ${cells.join(" | ")} |`);
  }
  return `${lines.join("\n")}\n`;
}
