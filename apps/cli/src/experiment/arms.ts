// The arms of an experiment, and how one is run: a coordinator with a volunteer a source, until the run is finished.

import { join } from "node:path";
import { InputError } from "@homebody/base";
import { type Figures, readEntry } from "@homebody/coordinator";
import type { RunFile } from "@homebody/protocol";
import { createServer, type LoadedRunFile, stderrLog } from "@homebody/server";
import { openStore } from "@homebody/store";
import { heldOutBatches, unigram } from "@homebody/text";
import { heldOutOptions, storedText } from "@homebody/volunteer/node";
import { startVolunteers } from "../demo/volunteers.ts";
import type { Interrupt } from "../interrupt.ts";
import type { BroughtTexts } from "./texts.ts";

export interface Arm {
  readonly name: string;
  readonly file: RunFile;
}

/** By source, of each body. */
export type Scores = Readonly<
  Record<string, readonly { readonly body: number; readonly bitsPerByte: number }[]>
>;

/** An arm that has come to its end, and what it can be traced to. */
export interface Ended {
  readonly name: string;
  readonly run: string;
  /** Ids of the first body and the last. */
  readonly bodies: readonly string[];
  readonly scores: Scores;
}

export const federatedName = "federated";

/** Arms that run one after another; those of one list run at once. */
export function armsOf(given: RunFile, wanted: readonly string[]): Arm[][] {
  // Nobody takes part whom the experiment did not start: no round has to take its time, and nobody is kept out.
  const sources = given.sources.map((source) => ({ ...source, admission: "open" as const }));
  const file = { ...given, sources, round: { ...given.round, minimumSeconds: 0 } };
  const all: Record<string, Arm[]> = {
    [federatedName]: [{ name: federatedName, file }],
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

export async function runArm(
  { name, file }: Arm,
  { folder, written, texts }: Pick<LoadedRunFile, "folder" | "written"> & { readonly texts: BroughtTexts },
  out: string,
  stop: Pick<Interrupt, "came">,
): Promise<Ended> {
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
    texts,
  });
  try {
    await Promise.race([server.finished, stop.came, volunteers.failed]);
    const figures = server.figures();
    const bodies = [figures.bodies[0]!.id, figures.bodies.at(-1)!.id];
    return { name, run: server.run, bodies, scores: scoresOf(figures) };
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
export async function unigramsOf(file: RunFile, out: string): Promise<Record<string, number>> {
  const dataDir = join(out, federatedName);
  const store = await openStore({ dataDir });
  const [run] = await store.journal.runs();
  const [created] = run === undefined ? [] : await store.journal.read(run, 0, 1);
  await store.close();
  const first = created && readEntry(created).fact;
  if (first?.kind !== "created") throw new InputError(dataDir, "the federated arm's run", "none");
  const unigrams: Record<string, number> = {};
  for (const [i, { id }] of file.sources.entries()) {
    const source = first.manifest.sources.find((one) => one.id === id)!;
    const text = await storedText(join(dataDir, "volunteers", String(i + 1)), first.manifest, source);
    const batches = heldOutBatches(text.heldOut, heldOutOptions(first.manifest, source));
    unigrams[id] = unigram(text.train, batches, source.vocabulary).bitsPerByte;
  }
  return unigrams;
}
