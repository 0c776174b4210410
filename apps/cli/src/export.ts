// homebody export: what a run has learnt, as files that other tools read.

import { join } from "node:path";
import { parseArgs } from "node:util";
import { InputError } from "@homebody/base";
import { type Format, formats, runCard, type WeightType } from "@homebody/export";
import { dimensions } from "@homebody/model";
import { looksLikeAddress } from "./address.ts";
import { engineOf } from "./engine.ts";
import { type Chosen, chooseModel } from "./export/choose.ts";
import { requireRoom, writeModelFolder } from "./models/folder.ts";
import { type FoundRun, isDataFolder, runAt, runInFolder } from "./models/run.ts";
import { onlyArgument, wholeNumber } from "./options.ts";
import { reported } from "./reported.ts";

export const usage = `
homebody export DATA|URL --to DIR [--source ID] [--words PATH [--tokenizer FILE]] [--body N]
                [--format ${names("|")}] [--weights TYPE]

Writes a model of the run in the data folder DATA, or at a coordinator's address, with a card (README.md) that says where it comes from.
The body is the run's; where words are each device's they come from the volunteers that npm start has in the data folder, and
of several those that need the fewest bits per byte on held-out text with that body.

  --to DIR         a folder that is new or empty
  --source ID      whose words; needed where there are those of several sources
  --words PATH     a volunteer's folder (homebody volunteer --data) with its words, or a safetensors file that has embeddings, such as
                   home.safetensors in it
  --tokenizer FILE  the tokenizer.json that the rows of a file of words stand for, where the host serves none
  --body N         as it was after round N, of those that the coordinator keeps; the latest
  --format NAME    hf (the default): config.json, model.safetensors, tokenizer.json and what else Hugging Face's transformers load;
                   gguf: model.gguf, for llama.cpp and what is built on it;
                   onnx: onnx/model.onnx and what transformers.js looks for beside it, for web pages
  --weights TYPE   f32 (the default): as they were trained; for gguf also f16 (half the size) or q8_0 (a bit more than a quarter)
`;

interface Options {
  readonly where: string;
  readonly to: string;
  readonly source: string | undefined;
  readonly words: string | undefined;
  readonly tokenizer: string | undefined;
  readonly body: number | undefined;
  readonly format: Format;
  readonly weights: WeightType;
}

export async function run(args: readonly string[]): Promise<number> {
  const options = read(args);
  return await reported(async (line) => {
    const { to, where, body, format, weights } = options;
    await requireRoom("--to", to);
    line.show("reading the run");
    const found = await (looksLikeAddress(where) ? runAt : runInFolder)(where, body);
    const chosen = await chooseModel(found, options, {
      engine: engineOf({ backend: "wasm" }, line.show),
      show: line.show,
    });
    line.show("writing");
    const card = runCard(chosen.model, { ...found, ...chosen }, format);
    await writeModelFolder(to, format.files(chosen.model, card, weights));
    return shown(options, found, chosen);
  });
}

/** Throws an InputError that names the option. */
function read(args: readonly string[]): Options {
  const { values, positionals } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: {
      to: { type: "string" },
      source: { type: "string" },
      words: { type: "string" },
      tokenizer: { type: "string" },
      body: { type: "string" },
      format: { type: "string", default: formats[0]!.name },
      weights: { type: "string" },
    },
  });
  const where = onlyArgument("export", "one data folder or address", positionals);
  if (!looksLikeAddress(where) && !isDataFolder(where))
    throw new InputError("export", "a coordinator's data folder or address", `neither: ${where}`);
  const { to, source, words, tokenizer } = values;
  if (to === undefined) throw new InputError("--to", "the folder that is written", "none");
  const format = formats.find(({ name }) => name === values.format);
  if (format === undefined) throw new InputError("--format", names(" or "), values.format);
  const weights = weightType(format, values.weights);
  const body = values.body === undefined ? undefined : wholeNumber("--body", values.body, 0, 1_000_000_000);
  return { where, to, source, words, tokenizer, body, format, weights };
}

function weightType({ name, weightTypes }: Format, asked: string | undefined): WeightType {
  if (asked === undefined) return weightTypes[0];
  const found = weightTypes.find((type) => type === asked);
  if (found !== undefined) return found;
  throw new InputError("--weights", `${weightTypes.join(" or ")}, as the format ${name} has them`, asked);
}

function names(between: string): string {
  return formats.map(({ name }) => name).join(between);
}

function shown({ to }: Options, { body }: FoundRun, { model, said }: Chosen): string {
  const { vocabulary, context } = dimensions(model.config);
  const what = `body ${body.number}, a ${model.config.model_type} of ${vocabulary} tokens and ${context} positions`;
  return `${[...said, `The model (${what}) is in ${to}; ${join(to, "README.md")} says where it comes from.`].join("\n")}\n`;
}
