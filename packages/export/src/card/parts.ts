// What every card has: the head that Hugging Face's pages read, how the model is loaded, and limits of any model of this kind.

import { countParameters, dimensions, groups, type ModelConfig } from "@homebody/model";
import type { Format } from "../port.ts";
import { counted } from "./markdown.ts";

/** YAML, in which JSON's strings are strings. */
export function frontMatter(languages: readonly string[], { library }: Format): string {
  const own = [...new Set(languages)].map((language) => `- ${JSON.stringify(language)}`);
  return [
    "---",
    ...(own.length === 0 ? [] : ["language:", ...own]),
    `library_name: ${library}`,
    "pipeline_tag: text-generation",
    "tags:",
    "- homebody",
    "- dept",
    "---",
  ].join("\n");
}

export function shape(config: ModelConfig): string {
  const { layers, width, heads, context, vocabulary } = dimensions(config);
  const parameters = groups.reduce((sum, group) => sum + countParameters(config, group), 0);
  return (
    `\`${config.model_type}\` of ${counted(parameters)} parameters: ${layers} layers of width ${counted(width)}, ` +
    `${heads} heads, ${counted(context)} positions, a vocabulary of ${counted(vocabulary)} tokens`
  );
}

export const use = (format: Format) => `## Use\n\n${format.use}`;

/** Of the rows of a vocabulary, those that words have. */
export interface Rows {
  readonly held: number;
  readonly of: number;
}

export const rowsLimit = ({ held, of }: Rows) =>
  `Training had ${counted(held)} of the ${counted(of)} rows of the vocabulary, those that its text needs. The others ` +
  "are as they were first drawn, and have learnt nothing.";

export const limits = ({ context }: Pick<ReturnType<typeof dimensions>, "context">): readonly string[] => [
  "It continues texts like those that it learnt from. Nobody taught it to answer, to be right or to be harmless, and nothing of that was measured.",
  "Bits per byte are of held-out parts of those texts, not of other texts, and say nothing of how well it writes.",
  "A small model may repeat passages of its texts word for word, and a vocabulary names words of the text that it was learnt from.",
  `It has seen no more than ${counted(context)} tokens at a time.`,
  "`<|endoftext|>` written in a text is the end of a document to most tools; to the training it was a text like any other.",
];
