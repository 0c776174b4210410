// Embeddings that were trained before, and the tokenizer whose tokens their rows stand for.

import { basename } from "node:path";
import { decodeSafetensors, float32Tensors, InputError, type SafetensorsEntry } from "@homebody/base";
import { type Parameters, takeTensors } from "@homebody/experiment";
import { groupLayout, type ModelConfig } from "@homebody/model";
import { decodeUtf8, type Tokenizer, tokenizerFromJson } from "@homebody/text";
import type { Body } from "./body.ts";
import { isModelFolder, readBytes } from "./folder.ts";
import { type TrainedModel, wholeModel } from "./of-run.ts";
import { findModels, isRun } from "./trained.ts";

/** Embeddings that were given, with the tokenizer and the config that they belong to. */
export interface Given {
  readonly tokenizer: Tokenizer;
  readonly config: ModelConfig;
  embeddings(config: ModelConfig): Pick<Parameters, "phi" | "psi">;
}

/**
 * `written`: a model folder or a run, whose tokenizer then counts unless another is given; or files with their tensors, sections of a
 * body for example, beside a tokenizer's. `seed` gives the rows that a run's words leave out.
 */
export async function findEmbeddings(
  written: readonly string[],
  given: string | undefined,
  body: Body,
  seed: string,
): Promise<Given | undefined> {
  const [first] = written;
  if (first === undefined) return undefined;
  const model = await modelOf(first);
  if (model === undefined) {
    if (given === undefined)
      throw new InputError("--embeddings", "--tokenizer beside it, for what its rows stand for", "none");
    return await wordsInFiles("--embeddings", written, await readTokenizer(given), body);
  }
  if (written.length > 1) throw new InputError("--embeddings", "one model, or files", written.join(", "));
  const own = wordsOf(model, body, seed);
  return given === undefined ? own : { ...own, tokenizer: await readTokenizer(given) };
}

/** Of several volunteers of one source the first; undefined where files are meant. */
async function modelOf(written: string): Promise<TrainedModel | undefined> {
  if (!isModelFolder(written) && !isRun(written)) return undefined;
  const models = await findModels(written);
  const sources = new Set(models.map(({ own }) => own[0]?.source.id));
  if (sources.size > 1)
    throw new InputError(
      "--embeddings",
      `the words of one source: ${[...sources].map((id) => `${written}#${id}`).join(", ")}`,
      written,
    );
  return models[0];
}

/** All rows of its vocabulary, since another text needs others. */
function wordsOf(model: TrainedModel, body: Body, seed: string): Given {
  const { tokenizer, config, parameters } = wholeModel(model, seed);
  return { tokenizer, config: body.configFor(config.vocab_size), embeddings: () => parameters };
}

/** Embeddings whose tensors are in files; `option` names them in errors. */
export async function wordsInFiles(
  option: string,
  paths: readonly string[],
  tokenizer: Tokenizer,
  body: Pick<Body, "configFor">,
): Promise<Given> {
  const where = paths.map((path) => basename(path)).join(", ");
  const tensors = new Map<string, SafetensorsEntry>();
  for (const path of paths) {
    const file = decodeSafetensors(await readBytes(option, path), basename(path));
    for (const [name, tensor] of file.tensors) tensors.set(name, tensor);
  }
  const found = float32Tensors({ metadata: {}, tensors });
  const { vocabularySize } = tokenizer;
  // An embedding may have more rows than a tokenizer that found too little text has tokens; never fewer.
  const names = groupLayout(body.configFor(vocabularySize), "phi").slots.map(({ name }) => name);
  const rows =
    found.layout.slots.find(({ name }) => names.includes(name.replace(/^phi\//, "")))?.shape[0] ?? 0;
  return {
    tokenizer,
    config: body.configFor(Math.max(rows, vocabularySize)),
    embeddings: (config) => ({
      phi: takeTensors(found, groupLayout(config, "phi"), where, "phi"),
      psi: takeTensors(found, groupLayout(config, "psi"), where, "psi"),
    }),
  };
}

export async function readTokenizer(path: string): Promise<Tokenizer> {
  return tokenizerFromJson(decodeUtf8(basename(path), await readBytes("--tokenizer", path)), basename(path));
}
