// What a run file says of its model, beside what the folder has that the run starts from: it may be left out, and is then the
// folder's; said, it is the same. The context alone may be shorter [X22].

import { resolve } from "node:path";
import { InputError } from "@homebody/base";
import { type ModelFolderConfig, readModelConfig } from "@homebody/export";
import { dialOf, type ModelDial } from "@homebody/model";
import { shown, valueAt } from "@homebody/protocol";
import { modelFolder } from "../folder/model-folder.ts";
import type { Mistake } from "./limits.ts";

export interface WithModel {
  /** The run file with its model whole; as it is written where there are mistakes. */
  readonly value: unknown;
  readonly mistakes: readonly Mistake[];
}

/** `written`: a run file of which nothing is checked yet. */
export async function withModelOfStart(written: unknown, runFolder: string): Promise<WithModel> {
  const from = valueAt(written, ["start", "from"]);
  if (typeof from !== "string") return { value: written, mistakes: [] };
  let found: ModelFolderConfig;
  try {
    found = await readModelConfig(await modelFolder(resolve(runFolder, from), "start.from"));
  } catch (error) {
    if (!(error instanceof InputError)) throw error;
    return { value: written, mistakes: [ofFolder(error)] };
  }
  const dial = dialOf(found.config);
  const model = valueAt(written, ["model"]);
  const mistakes = [...differing(model, dial, from), ...tooLong(model, dial, from)];
  return mistakes.length > 0
    ? { value: written, mistakes }
    : { value: filled(written as object, dial), mistakes };
}

function ofFolder({ where, expected, got }: InputError): Mistake {
  const part = where === "start.from" ? "" : ` as its ${where.replace("start.from, ", "")}`;
  return { path: ["start", "from"], expected: `${expected}${part}`, got };
}

function differing(model: unknown, dial: ModelDial, from: string): readonly Mistake[] {
  const paths = [
    ["family"],
    ["depth"],
    ...Object.keys(Object(valueAt(model, ["overrides"]))).map((key) => ["overrides", key]),
  ];
  return paths.flatMap((path) => {
    const [said, its] = [valueAt(model, path), valueAt(dial, path)];
    if (said === undefined || said === its) return [];
    return [
      { path: ["model", ...path], expected: `nothing, or ${shown(its)} as in ${from}`, got: shown(said) },
    ];
  });
}

const longest = 8192;

function tooLong(model: unknown, { context }: ModelDial, from: string): readonly Mistake[] {
  const said = valueAt(model, ["context"]);
  const path = ["model", "context"];
  if (typeof said === "number" && said > context)
    return [{ path, expected: `at most ${context}, the positions of ${from}`, got: shown(said) }];
  if (said !== undefined || context <= longest) return [];
  return [{ path, expected: `at most ${longest} of the ${context} positions of ${from}`, got: "nothing" }];
}

function filled(written: object, dial: ModelDial): unknown {
  const said = valueAt(written, ["model"]) ?? {};
  if (typeof said !== "object") return written;
  const overrides = Object.assign({}, dial.overrides, valueAt(said, ["overrides"]));
  return { ...written, model: { ...dial, ...said, overrides } };
}
