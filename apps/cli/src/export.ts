// homebody export: what a run has learnt, as files that other tools read.

import { join } from "node:path";
import { parseArgs } from "node:util";
import { InputError } from "@homebody/base";
import { type Format, formats, type Model, runCard, type WeightType } from "@homebody/export";
import { dimensions } from "@homebody/model";
import { engineOf } from "./engine.ts";
import { chooseModel } from "./export/choose.ts";
import { type Own, ownOf, volunteerFolders } from "./export/own.ts";
import { requireRoom, writeModelFolder } from "./models/folder.ts";
import { findRun, namesRun } from "./models/run.ts";
import { listed, oneNamed, onlyArgument, wholeNumber } from "./options.ts";
import { reported } from "./reported.ts";

export const usage = `
homebody export DATA|URL|VOLUNTEER --to DIR [--source ID] [--words PATH [--tokenizer FILE]] [--body N]
                [--format ${listed(formats, "|")}] [--weights TYPE]

Writes a model of the run in the data folder DATA, or at a coordinator's address, with a card (README.md) that says where it comes from.
The body is the run's; where words are each device's they come from the volunteers that npm start has in the data folder, and
of several those that need the fewest bits per byte on held-out text with that body.

VOLUNTEER is the folder of a volunteer (homebody volunteer --data): of what is in it the model is made, and no coordinator is asked.

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
  /** Where that is a volunteer's folder: those in it of one run and source. */
  readonly own: readonly string[] | null;
  readonly to: string;
  readonly source: string | undefined;
  readonly words: string | undefined;
  readonly tokenizer: string | undefined;
  readonly body: number | undefined;
  readonly format: Format;
  readonly weights: WeightType;
}

export async function run(args: readonly string[]): Promise<number> {
  const options = await read(args);
  return await reported(async (line) => {
    const { to, format, weights } = options;
    await requireRoom("--to", to);
    const { model, card, ...about } = await (options.own === null
      ? ofRun(options, line.show)
      : ofVolunteer(options.own, options));
    line.show("writing");
    await writeModelFolder(to, format.files(model, card, weights));
    return shown(to, model, about);
  });
}

async function ofRun(options: Options, show: (doing: string) => void): Promise<Own> {
  const { where, body, format } = options;
  show("reading the run");
  const found = await findRun(where, body);
  const engine = engineOf({ backend: "wasm" }, show);
  const chosen = await chooseModel(found, options, { engine, show });
  return { ...chosen, body: found.body, card: runCard(chosen.model, { ...found, ...chosen }, format) };
}

async function ofVolunteer(
  folders: readonly string[],
  { source, words, tokenizer, body, format }: Options,
): Promise<Own> {
  const given = Object.entries({ words, tokenizer, body }).find(([, value]) => value !== undefined);
  if (given !== undefined)
    throw new InputError(
      `--${given[0]}`,
      "a run, for a choice: a volunteer's folder has one model",
      String(given[1]),
    );
  return await ownOf(folders, source, format);
}

/** Throws an InputError that names the option. */
async function read(args: readonly string[]): Promise<Options> {
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
  const own = namesRun(where) ? null : await volunteerFolders(where);
  if (own?.length === 0)
    throw new InputError(
      "export",
      "a data folder, a volunteer's folder or an address",
      `none of them: ${where}`,
    );
  const { to, source, words, tokenizer } = values;
  if (to === undefined) throw new InputError("--to", "the folder that is written", "none");
  const format = oneNamed("--format", formats, values.format);
  const weights = weightType(format, values.weights);
  const body = values.body === undefined ? undefined : wholeNumber("--body", values.body, 0, 1_000_000_000);
  return { where, own, to, source, words, tokenizer, body, format, weights };
}

function weightType({ name, weightTypes }: Format, asked: string | undefined): WeightType {
  if (asked === undefined) return weightTypes[0];
  const found = weightTypes.find((type) => type === asked);
  if (found !== undefined) return found;
  throw new InputError("--weights", `${weightTypes.join(" or ")}, as the format ${name} has them`, asked);
}

function shown(to: string, model: Model, { body, said }: Pick<Own, "body" | "said">): string {
  const { vocabulary, context } = dimensions(model.config);
  const what = `body ${body.number}, a ${model.config.model_type} of ${vocabulary} tokens and ${context} positions`;
  return `${[...said, `The model (${what}) is in ${to}; ${join(to, "README.md")} says where it comes from.`].join("\n")}\n`;
}
