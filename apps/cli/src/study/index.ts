// homebody study: DEPT's questions, asked of real text on this machine. Says what it will cost, runs on all cores, goes on
// after a kill, and leaves a report.

import { availableParallelism } from "node:os";
import { join, resolve } from "node:path";
import { parseArgs } from "node:util";
import { InputError } from "@homebody/base";
import { interrupt } from "../interrupt.ts";
import { positiveNumber, wholeNumber } from "../options.ts";
import { type CorpusSource, sourceAt, sourcesIn } from "./corpus.ts";
import type { Plan } from "./plan.ts";
import { runStudy } from "./run.ts";
import { type Study, studies } from "./studies.ts";

export const usage = `
homebody study NAME --corpora DIR --out DIR [--sources A,B,...] [--ood DIR ...]
                    [--seeds N] [--scale F] [--jobs N]

${studies.map(({ name, title }) => `  ${name.padEnd(15)}${title}`).join("\n")}

  --corpora DIR    a folder a source, each with train.jsonl and valid.jsonl: {"text": "..."} a line
  --out DIR        results; another start with the same settings goes on where this one was stopped, and studies that
                   need the same bodies find them there
  --sources LIST   the sources that bodies are trained on, by their folders' names (default: all but --ood)
  --ood DIR        a source that no body sees, beside DIR's folders or one of them (default: tr and py, where they are)
  --seeds N        how often everything is done with other dice (default: the study's)
  --scale F        tokens, as a multiple of the paper-like size (default: the study's)
  --jobs N         workers, a core each (default: all cores)

Writes report.html, results.jsonl, results.csv and plots into DIR/NAME.
`;

export async function run(args: readonly string[]): Promise<number> {
  const { values, positionals } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: {
      corpora: { type: "string" },
      out: { type: "string" },
      sources: { type: "string" },
      ood: { type: "string", multiple: true },
      seeds: { type: "string" },
      scale: { type: "string" },
      jobs: { type: "string" },
    },
  });
  const study = studyNamed(positionals);
  if (values.corpora === undefined) throw new InputError("--corpora", "a folder of sources", "nothing");
  if (values.out === undefined) throw new InputError("--out", "a folder for results", "nothing");
  const { scale } = study;
  const plan: Plan = {
    ...(await sourcesOf(resolve(values.corpora), values.sources, values.ood)),
    seeds: values.seeds === undefined ? scale.seeds : wholeNumber("--seeds", values.seeds, 1, 100),
    scale,
    factor: values.scale === undefined ? scale.scale : positiveNumber("--scale", values.scale, 1000),
  };
  const workers =
    values.jobs === undefined ? availableParallelism() : wholeNumber("--jobs", values.jobs, 1, 256);
  const out = resolve(values.out);
  const stop = interrupt();
  try {
    await runStudy({ study, plan, out, workers, stop });
  } catch (error) {
    if (stop.signal.aborted) return 130;
    throw error;
  } finally {
    stop.release();
  }
  process.stdout.write(`${join(out, study.name, "report.html")}\n`);
  return 0;
}

function studyNamed([name, ...rest]: readonly string[]): Study {
  const study = studies.find((one) => one.name === name);
  if (study !== undefined && rest.length === 0) return study;
  throw new InputError(
    "study",
    `one of ${studies.map((one) => one.name).join(", ")}`,
    [name, ...rest].join(" ") || "nothing",
  );
}

const usuallyUnseen = ["tr", "py"];

async function sourcesOf(
  corpora: string,
  wanted: string | undefined,
  folders: readonly string[] | undefined,
): Promise<Pick<Plan, "sources" | "unseen">> {
  const all = await sourcesIn(corpora);
  const named = (id: string) => all.find((source) => source.id === id);
  const unseen: CorpusSource[] = [];
  for (const folder of folders ?? usuallyUnseen.filter(named))
    unseen.push(named(folder) ?? (await sourceAt(resolve(folder))));
  const isUnseen = ({ id }: CorpusSource) => unseen.some((source) => source.id === id);
  const sources =
    wanted === undefined
      ? all.filter((source) => !isUnseen(source))
      : wanted.split(",").map((id) => {
          const source = named(id);
          if (source !== undefined && !isUnseen(source)) return source;
          throw new InputError("--sources", `some of ${all.map((one) => one.id).join(", ")}`, id);
        });
  if (sources.length === 0) throw new InputError("--corpora", "a source that is not one of --ood", "none");
  return { sources, unseen };
}
