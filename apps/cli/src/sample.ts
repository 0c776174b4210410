// homebody sample: a trained model goes on from a prompt, word by word.

import { parseArgs } from "node:util";
import { InputError } from "@homebody/base";
import { adaptingOptions, loadParameters } from "@homebody/experiment";
import type { Model } from "@homebody/export";
import { dimensions } from "@homebody/model";
import { textsOf } from "@homebody/text";
import { requireMemory, type SampleOptions } from "@homebody/train";
import { looksLikeAddress } from "./address.ts";
import { type Engine, engineOf } from "./engine.ts";
import { chooseModel } from "./export/choose.ts";
import type { Interrupt } from "./interrupt.ts";
import { isModelFolder, readModelFolder } from "./models/folder.ts";
import { isDataFolder, runAt, runInFolder } from "./models/run.ts";
import { backendName, onlyArgument, positiveNumber, wholeNumber } from "./options.ts";
import type { ProgressLine } from "./progress-line.ts";
import { reported } from "./reported.ts";

export const usage = `
homebody sample MODEL|DATA|URL [--prompt TEXT] [--tokens N] [--temperature X] [--top-k N] [--top-p X] [--seed N]
                [--source ID] [--words PATH [--tokenizer FILE]] [--body N] [--backend webgpu|wasm] [--threads N]

Goes on from a prompt, on stdout: with a model folder (homebody export or adapt), or with that model of a run which
homebody export would write. The same seed gives the same text.

  --prompt TEXT    a document's beginning; without it the model begins one
  --tokens N       100 at most; a document may end before
  --temperature X  0.8; 0: always the likeliest token
  --top-k N        of so many likeliest tokens (40)
  --top-p X        and of these, as few as have this share of their probability (1: all of them)
  --seed N         1
  --source, --words, --tokenizer, --body   whose words and which body of a run, as in homebody export
`;

interface Options extends SampleOptions {
  readonly where: string;
  readonly prompt: string;
  readonly source: string | undefined;
  readonly words: string | undefined;
  readonly tokenizer: string | undefined;
  readonly body: number | undefined;
  readonly backend: ReturnType<typeof backendName>;
  readonly threads: number | undefined;
}

export async function run(args: readonly string[]): Promise<number> {
  const options = read(args);
  return await reported(async (line, stop) => {
    const engine = engineOf(options, line.show);
    await write(await findModel(options, engine, line), options, { engine, line, stop });
    return "\n";
  });
}

/** Throws an InputError that names the option. */
function read(args: readonly string[]): Options {
  const { values, positionals } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: {
      prompt: { type: "string", default: "" },
      tokens: { type: "string", default: "100" },
      temperature: { type: "string", default: "0.8" },
      "top-k": { type: "string", default: "40" },
      "top-p": { type: "string", default: "1" },
      seed: { type: "string", default: "1" },
      source: { type: "string" },
      words: { type: "string" },
      tokenizer: { type: "string" },
      body: { type: "string" },
      backend: { type: "string" },
      threads: { type: "string" },
    },
  });
  const { source, words, tokenizer, body, threads, temperature } = values;
  return {
    where: onlyArgument("sample", "a model folder, a data folder or an address", positionals),
    prompt: values.prompt,
    tokens: wholeNumber("--tokens", values.tokens, 1, 1_000_000),
    temperature: Number(temperature) === 0 ? 0 : positiveNumber("--temperature", temperature, 100),
    topK: wholeNumber("--top-k", values["top-k"], 1, 65536),
    topP: positiveNumber("--top-p", values["top-p"], 1),
    seed: String(wholeNumber("--seed", values.seed, 0, 4294967295)),
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
  if (!looksLikeAddress(where) && !isDataFolder(where))
    throw new InputError("sample", "a model folder, a data folder or an address", `neither: ${where}`);
  line.show("reading the run");
  const found = await (looksLikeAddress(where) ? runAt : runInFolder)(where, body);
  return (await chooseModel(found, options, { engine, show: line.show })).model;
}

async function write(
  { config, parameters, tokenizer }: Model,
  options: Options,
  { engine, line, stop }: { readonly engine: Engine; readonly line: ProgressLine; readonly stop: Interrupt },
): Promise<void> {
  const { prompt } = options;
  const { device, limits } = await engine();
  const { context } = dimensions(config);
  const { bytes, ...memory } = requireMemory(config, { rows: 1, context }, limits);
  const trainer = device.trainer({ ...adaptingOptions(config), ...memory }, bytes); // it moves nothing
  try {
    loadParameters(trainer, parameters);
    if (line.live) line.show(""); // the text has the terminal for itself
    process.stdout.write(prompt);
    const ids = [tokenizer.endOfDocument, ...tokenizer.encode(prompt)];
    let written = "";
    for await (const text of textsOf(tokenizer, trainer.sample(ids, options))) {
      process.stdout.write(text.slice(written.length));
      written = text;
      stop.signal.throwIfAborted();
    }
  } finally {
    trainer.dispose();
  }
}
