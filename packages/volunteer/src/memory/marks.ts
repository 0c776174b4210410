// What a batch is to a device that has no model: how many tokens it asks for, and a mark that is its own.

import { InputError } from "@homebody/base";
import type { Batch } from "@homebody/text";

/** Targets that count. Throws an InputError where a token is none of the vocabulary. */
export function tokensOf({ inputs, targets }: Batch, vocabulary: number): number {
  let tokens = 0;
  for (const id of inputs) if (!(id >= 0 && id < vocabulary)) throw wrong("inputs", id, vocabulary);
  for (const id of targets) {
    if (id >= vocabulary) throw wrong("targets", id, vocabulary);
    if (id >= 0) tokens += 1;
  }
  return tokens;
}

const wrong = (which: string, id: number, vocabulary: number) =>
  new InputError(`batch: ${which}`, `tokens from 0 to ${vocabulary - 1}`, `${id}`);

/** In [0, 1), by every token and its place. */
export function markOf({ inputs, targets }: Batch): number {
  let sum = 0;
  for (let i = 0; i < inputs.length; i++) sum = (31 * sum + 7 * inputs[i]! + Math.max(0, targets[i]!)) % 1009;
  return sum / 1009;
}
