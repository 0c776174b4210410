// The model that a run starts from: a folder of Hugging Face's form. Its config.json says what the run file leaves out of its
// model, and its weights are what of body 0 does not follow from the seed [X21].

import { basename, resolve } from "node:path";
import { InputError, type NamedTensors, namedTensors } from "@homebody/base";
import { isOneVocabulary, type Section } from "@homebody/dept";
import { readModelConfig, readModelTokenizer, readModelWeights } from "@homebody/export";
import { type Group, groups, type ModelConfig } from "@homebody/model";
import type { RunFile, Start } from "@homebody/protocol";
import { largestVocabulary } from "@homebody/text";
import { modelFolder } from "../folder/model-folder.ts";

export interface RunStart {
  /** As the manifest has it. */
  readonly start: Start;
  /** The folder's tokenizer.json and the rows of its embedding, where these are the run's. */
  readonly words: { readonly tokenizer: Uint8Array; readonly vocabulary: number } | null;
  /** What the host should know: dropout that the folder asks for, words that begin afresh. */
  readonly notices: readonly string[];
  /** First numbers of a section that is the folder's. Reads the weights. */
  numbers(): Promise<(section: Section) => NamedTensors>;
}

/** Null where the run starts by its seed. Throws an InputError that says what is wrong with the folder. */
export async function readStart(file: RunFile, runFolder: string): Promise<RunStart | null> {
  if (file.start === undefined) return null;
  const path = resolve(runFolder, file.start.from);
  const folder = await modelFolder(path, "start.from");
  const { config, dropout } = await readModelConfig(folder);
  const given = givenGroups(file);
  const { sha256 } = await readModelWeights(folder, config, []);
  if (given.includes("phi")) await readModelTokenizer(folder, requireRows(config));
  const name = basename(path);
  return {
    start: { name, sha256, groups: given },
    words: given.includes("phi")
      ? { tokenizer: await folder.read("tokenizer.json"), vocabulary: config.vocab_size }
      : null,
    notices: noticesOf(name, dropout, file, given),
    numbers: async () => {
      const { parameters } = await readModelWeights(folder, config, given);
      return ({ group, layout }) => beginning(parameters[group]!, layout);
    },
  };
}

/** Of what everybody shares: under SPEC the body alone, else the embeddings too, unless the file gives another vocabulary. */
function givenGroups(file: RunFile): readonly Group[] {
  if (!isOneVocabulary(file)) return ["theta"];
  return groups.filter((group) => group !== "phi" || file.vocabulary.file === undefined);
}

function requireRows(config: ModelConfig): ModelConfig {
  if (config.vocab_size <= largestVocabulary) return config;
  throw new InputError(
    "start.from",
    `a vocabulary of at most ${largestVocabulary} tokens, or another one as vocabulary.file`,
    `${config.vocab_size}`,
  );
}

/** All of it; of positions as many as the run's context has. */
function beginning(numbers: NamedTensors, layout: Section["layout"]): NamedTensors {
  return namedTensors(layout, numbers.data.subarray(0, layout.size));
}

function noticesOf(
  name: string,
  dropout: readonly string[],
  file: RunFile,
  given: readonly Group[],
): readonly string[] {
  const lacksWords = isOneVocabulary(file) && !given.includes("phi");
  return [
    ...(dropout.length === 0 ? [] : [`${name} asks for ${dropout.join(", ")}: runs train without dropout`]),
    ...(lacksWords ? [`the vocabulary is not that of ${name}: token embeddings begin by the seed`] : []),
  ];
}
