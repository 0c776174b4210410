// Embeddings that were trained before, and the tokenizer whose tokens their rows stand for.

import { basename } from "node:path";
import { decodeSafetensors, float32Tensors, InputError } from "@homebody/base";
import { type Parameters, takeTensors } from "@homebody/experiment";
import { groupLayout, type ModelConfig } from "@homebody/model";
import { decodeUtf8, type Tokenizer, tokenizerFromJson } from "@homebody/text";
import type { Body } from "./body.ts";
import { isModelFolder, readBytes, readModelFolder } from "./folder.ts";

/** Embeddings that were given, with the tokenizer and the config that they belong to. */
export interface Given {
  readonly tokenizer: Tokenizer;
  readonly config: ModelConfig;
  embeddings(config: ModelConfig): Pick<Parameters, "phi" | "psi">;
}

/** Of a model folder, whose tokenizer then counts unless another is given, or of a file beside a tokenizer's. */
export async function findEmbeddings(
  path: string | undefined,
  given: string | undefined,
  body: Body,
): Promise<Given | undefined> {
  if (path === undefined) return undefined;
  if (isModelFolder(path)) {
    const model = await readModelFolder(path);
    const tokenizer = given === undefined ? model.tokenizer : await readTokenizer(given);
    return {
      tokenizer,
      config: body.configFor(model.config.vocab_size),
      embeddings: () => model.parameters,
    };
  }
  if (given === undefined)
    throw new InputError("--embeddings", "--tokenizer beside it, for what its rows stand for", "none");
  const tokenizer = await readTokenizer(given);
  const where = basename(path);
  const tensors = float32Tensors(decodeSafetensors(await readBytes("--embeddings", path), where));
  return {
    tokenizer,
    config: body.configFor(tokenizer.vocabularySize),
    embeddings: (config) => ({
      phi: takeTensors(tensors, groupLayout(config, "phi"), where, "phi"),
      psi: takeTensors(tensors, groupLayout(config, "psi"), where, "psi"),
    }),
  };
}

export async function readTokenizer(path: string): Promise<Tokenizer> {
  return tokenizerFromJson(decodeUtf8(basename(path), await readBytes("--tokenizer", path)), basename(path));
}
