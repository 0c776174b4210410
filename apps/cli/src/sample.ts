// homebody sample: a trained model goes on from a prompt, word by word; or from one prompt after another.

import { parseArgs } from "node:util";
import { InputError } from "@homebody/base";
import { loadParameters } from "@homebody/experiment";
import type { Model } from "@homebody/export";
import { textsOf } from "@homebody/text";
import { type SampleOptions, sample } from "@homebody/train";
import { type Engine, engineOf } from "./engine.ts";
import { chooseModel } from "./export/choose.ts";
import { mixtureUsage, sampleMixture } from "./mixture/sample.ts";
import { isModelFolder, readModelFolder } from "./models/folder.ts";
import { findRun, namesRun } from "./models/run.ts";
import { backendName, onlyArgument, wholeNumber } from "./options.ts";
import type { ProgressLine } from "./progress-line.ts";
import { reported } from "./reported.ts";
import { converse, type Speak } from "./sample/conversation.ts";
import { settingNames, settingOptions, settingsIn } from "./sample/settings.ts";

export const usage = `
homebody sample MODEL|DATA|URL [--prompt TEXT] [--tokens N] [--temperature X] [--top-k N] [--top-p X] [--seed N]
                [--source ID] [--words PATH [--tokenizer FILE]] [--body N] [--backend webgpu|wasm] [--threads N]

Goes on from a prompt, on stdout: with a model folder (homebody export or adapt), or with that model of a run which
homebody export would write. The same seed gives the same text. Where a text grows longer than the model's context, the
model goes on from the last half of it.

  --prompt TEXT    a document's beginning; empty, the model begins one. Without it each line of stdin is a prompt;
                   on a terminal you are asked for them, and /help says what else there is
  --tokens N       100 at most; a document may end before
  --temperature X  0.8; 0: always the likeliest token
  --top-k N        of so many likeliest tokens (40)
  --top-p X        and of these, as few as have this share of their probability (1: all of them)
  --seed N         1
  --source, --words, --tokenizer, --body   whose words and which body of a run, as in homebody export

${mixtureUsage}`;

interface Options {
  readonly where: string;
  /** One each line of stdin, where it is not given. */
  readonly prompt: string | undefined;
  readonly settings: SampleOptions;
  readonly source: string | undefined;
  readonly words: string | undefined;
  readonly tokenizer: string | undefined;
  readonly body: number | undefined;
  readonly backend: ReturnType<typeof backendName>;
  readonly threads: number | undefined;
}

export async function run(args: readonly string[]): Promise<number> {
  if (args.includes("--mixture")) return await sampleMixture(args);
  const options = read(args);
  const { prompt, settings } = options;
  return await reported(async (line, { signal }) => {
    const engine = engineOf(options, line.show);
    const model = await findModel(options, engine, line);
    await speaking(model, engine, async (speak) => {
      if (line.live) line.show(""); // the text has the terminal for itself
      if (prompt === undefined) await converse(speak, settings, signal);
      else await speak(prompt, settings, signal);
      signal.throwIfAborted();
    });
    return "";
  });
}

/** Throws an InputError that names the option. */
function read(args: readonly string[]): Options {
  const { values, positionals } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: {
      prompt: { type: "string" },
      ...settingOptions(settingNames),
      source: { type: "string" },
      words: { type: "string" },
      tokenizer: { type: "string" },
      body: { type: "string" },
      backend: { type: "string" },
      threads: { type: "string" },
    },
  });
  const { prompt, source, words, tokenizer, body, threads } = values;
  return {
    where: onlyArgument("sample", "a model folder, a data folder or an address", positionals),
    prompt,
    settings: settingsIn(values, settingNames),
    source,
    words,
    tokenizer,
    body: body === undefined ? undefined : wholeNumber("--body", body, 0, 1_000_000_000),
    backend: backendName(values.backend),
    threads: threads === undefined ? undefined : wholeNumber("--threads", threads, 1, 64),
  };
}

async function findModel(options: Options, engine: Engine, line: ProgressLine): Promise<Model> {
  const { where, source, words, tokenizer, body } = options;
  if (isModelFolder(where)) {
    const given = Object.entries({ source, words, tokenizer, body }).find(([, value]) => value !== undefined);
    if (given !== undefined)
      throw new InputError(`--${given[0]}`, "a run, for a choice of its models", where);
    return await readModelFolder(where);
  }
  if (!namesRun(where))
    throw new InputError("sample", "a model folder, a data folder or an address", `neither: ${where}`);
  line.show("reading the run");
  const found = await findRun(where, body);
  return (await chooseModel(found, options, { engine, show: line.show })).model;
}

/** With what makes the model speak: whole texts on stdout, the prompt first. */
async function speaking(
  { config, parameters, tokenizer }: Model,
  engine: Engine,
  work: (speak: Speak) => Promise<void>,
): Promise<void> {
  const { device } = await engine();
  const model = device.predictor(config);
  try {
    loadParameters(model, parameters);
    const cache = model.cache();
    await work(async (prompt, settings, signal) => {
      process.stdout.write(prompt);
      const ids = [tokenizer.endOfDocument, ...tokenizer.encode(prompt)];
      let written = "";
      for await (const text of textsOf(tokenizer, sample(cache, ids, settings))) {
        process.stdout.write(text.slice(written.length));
        written = text;
        if (signal.aborted) break;
      }
      process.stdout.write("\n");
    });
  } finally {
    model.dispose();
  }
}
