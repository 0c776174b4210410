// A prompt that stands ready in the language of a text, whichever that is.

import type { Shard } from "./shard.ts";
import { decodeSoFar, type Tokenizer } from "./tokenizer.ts";

const openingTokens = 12;

/** The first words of a text that a model was not trained on, as packed: it begins with an end of document. */
export function openingOf({
  tokenizer,
  heldOut: { stream },
}: {
  readonly tokenizer: Pick<Tokenizer, "decodeBytes" | "endOfDocument">;
  readonly heldOut: Pick<Shard, "stream">;
}): string {
  const [, ...rest] = stream.subarray(0, openingTokens + 1);
  const end = rest.indexOf(tokenizer.endOfDocument);
  const words = decodeSoFar(tokenizer, end < 0 ? rest : rest.slice(0, end)).trimStart();
  const lastSpace = end < 0 ? words.lastIndexOf(" ") : -1; // the last word may be cut
  return (lastSpace > 0 ? words.slice(0, lastSpace) : words).split("\n")[0]!.trimEnd();
}
