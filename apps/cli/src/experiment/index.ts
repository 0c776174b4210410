// homebody experiment: a run beside its controls, headless, on this machine.
//
// Arms: federated (the run as its file says), frozen (the same with a body that stays as it was initialised: what
// embeddings alone can learn), and each source alone for the same steps. Beside them a unigram model of each source's own
// vocabulary, on the same held-out tokens. Each arm is a real coordinator with real volunteers, and keeps its state in
// a folder of its own: an experiment that was stopped goes on.

import { mkdir, writeFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { parseArgs } from "node:util";
import { sha256OfText } from "@homebody/base";
import { canonicalJson, type RunFile, version } from "@homebody/protocol";
import { loadRunFile } from "@homebody/server";
import { interrupt } from "../interrupt.ts";
import { onlyArgument, wholeNumber } from "../options.ts";
import { armsOf, type Ended, federatedName, runArm, unigramsOf } from "./arms.ts";
import { type SeedResult, tables } from "./tables.ts";
import { broughtTexts } from "./texts.ts";

export const usage = `
homebody experiment RUN.yaml [--texts DIR] [--text ID=PATH ...] [--out DIR] [--rounds N] [--seeds N]
                    [--arms federated,frozen,alone]

  --texts DIR     what paths in the run file are relative to (default: the file's folder)
  --text ID=PATH  a file or folder of text for a source whose text is brought; all of one source are taken together
  --out DIR       state and results (default: experiment); another start goes on from it
  --rounds N      instead of the file's
  --seeds N       all of it again with the next seeds, N in all (default: the file's seed alone)

Prints tables in Markdown, over seeds with mean and standard deviation; OUT/results.json has the numbers, and what
they were made with.
`;

export async function run(args: readonly string[]): Promise<number> {
  const { values, positionals } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: {
      texts: { type: "string" },
      text: { type: "string", multiple: true, default: [] },
      out: { type: "string", default: "experiment" },
      rounds: { type: "string" },
      seeds: { type: "string", default: "1" },
      arms: { type: "string", default: "federated,frozen,alone" },
    },
  });
  const path = onlyArgument("experiment", "one run file", positionals);
  const loaded = await loadRunFile(path, values.texts && resolve(values.texts));
  const { folder } = loaded;
  const rounds =
    values.rounds === undefined ? loaded.file.rounds : wholeNumber("--rounds", values.rounds, 1, 1e6);
  const wanted = values.arms.split(",");
  const out = resolve(values.out);
  const { seed: first } = loaded.file.training;
  const seeds = Array.from({ length: wholeNumber("--seeds", values.seeds, 1, 100) }, (_, i) => first + i);
  const fileOf = (seed: number): RunFile => ({
    ...loaded.file,
    rounds,
    training: { ...loaded.file.training, seed },
  });
  armsOf(fileOf(first), wanted); // what was asked for in vain is said before anything is trained
  const texts = await broughtTexts(fileOf(first), values.text);
  const stop = interrupt();
  const results: SeedResult[] = [];
  for (const seed of seeds) {
    // The file's own seed has the folder to itself: an experiment that gets more seeds keeps what it has.
    const place = seed === first ? out : join(out, `seed-${seed}`);
    await mkdir(place, { recursive: true });
    const file = fileOf(seed);
    const ended: Ended[] = [];
    for (const arms of armsOf(file, wanted)) {
      const own = arms.map((arm) => runArm(arm, { folder, written: loaded.written, texts }, place, stop));
      ended.push(...(await Promise.all(own)));
      if (stop.signal.aborted) return 130;
    }
    const unigrams = wanted.includes(federatedName) ? await unigramsOf(file, place) : {};
    results.push({ seed, unigrams, arms: ended });
  }
  stop.release();
  const provenance = {
    homebody: version,
    runFile: sha256OfText(canonicalJson(loaded.written)),
    rounds,
    seeds,
  };
  await writeFile(join(out, "results.json"), `${JSON.stringify({ provenance, results }, null, 2)}\n`);
  process.stdout.write(tables(fileOf(first), results));
  return 0;
}
