// Small models whose every parameter matters: biases are not 0, norms not 1.

import { random } from "@homebody/base";
import { firstParameters } from "@homebody/experiment";
import { groups, type ModelDial, modelConfig } from "@homebody/model";
import { type Tokenizer, trainTokenizer } from "@homebody/text";
import type { Model, ModelFolder } from "../src/index.ts";

const texts = ["the body travels far, the words stay home", "слова остаются дома, тело идёт далеко"];
export const tokenizer: Tokenizer = trainTokenizer([...texts, ...texts], { vocabulary: 290 });
export const context = 24;
/** Of several scripts, and none. */
export const prompts = ["", "the body travels", "слова остаются", "日本語の", "if (x == 10) {\n\tx += 1;"];
/** So many ids of the first 300, no two neighbours close. */
export const idsFor = (count: number): readonly number[] =>
  Array.from({ length: count }, (_, i) => (i * 37 + 11) % 300);

export const shapes = ["gpt2", "llama"].flatMap((family) =>
  [true, false].map((tied) => ({ family: family as ModelDial["family"], tied })),
);

/** Two layers; a llama's queries share keys and values. */
export function modelOf(
  { family, tied }: (typeof shapes)[number],
  vocabulary = 300,
  dial: Partial<ModelDial> = {},
): Model {
  const own = family === "llama" ? { kvHeads: 2, ropeTheta: 500, normEpsilon: 1e-6 } : {};
  const overrides = { width: 32, heads: 4, hidden: 48, tied, ...own };
  const config = modelConfig({ family, depth: 2, context, overrides, ...dial }, vocabulary);
  const parameters = firstParameters(config, "1");
  for (const group of groups) {
    const dice = random(`${group} of ${family}`);
    const { data } = parameters[group];
    for (let i = 0; i < data.length; i++) data[i]! += 0.15 * dice.normal();
  }
  return { config, parameters, tokenizer, provenance: { run: "r", body: "3" } };
}

/** Files as a folder. */
export function folderOf(files: Readonly<Record<string, Uint8Array>>): ModelFolder {
  return { where: "folder", names: Object.keys(files), read: async (name) => files[name]! };
}
