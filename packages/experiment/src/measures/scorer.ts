// What a model gives to sequences of tokens: summed log-probabilities, from which measures of single texts follow.

import { InputError } from "@homebody/base";
import { dimensions } from "@homebody/model";
import { type Batch, ignored, type Tokenizer } from "@homebody/text";
import type { Trainer } from "@homebody/train";
import { natsOfLost } from "./lost.ts";

/**
 * ln p(t[1], ..., t[n] | t[0]) of a sequence t, in nats, at most 0. The first token is given: the end of document before a
 * text, as in training.
 */
export type Scorer = (sequence: ArrayLike<number>) => Promise<number>;

/**
 * By a trainer's model as it is now. A sequence longer than the context is scored in windows that move on by half a context, so
 * that after the first window every token has at least half a context before it.
 */
export function scorerOf(trainer: Pick<Trainer, "config" | "evaluate">): Scorer {
  const { context } = dimensions(trainer.config);
  const stride = Math.ceil(context / 2);
  return async (sequence) => {
    const count = sequence.length - 1;
    if (count < 1) throw new InputError("sequence to score", "at least two tokens", `${sequence.length}`);
    let [sum, scored] = [0, 0];
    while (scored < count) {
      const end = Math.min(count, scored === 0 ? context : scored + stride);
      const { nats } = await trainer.evaluate(windowOf(sequence, end, scored, context));
      sum -= nats;
      scored = end;
    }
    return sum;
  };
}

/** One row whose last target is sequence[end]; those up to sequence[scored] are context alone. */
function windowOf(sequence: ArrayLike<number>, end: number, scored: number, context: number): Batch {
  const start = Math.max(0, end - context);
  const length = rowLength(end - start, context);
  const inputs = new Int32Array(length);
  const targets = new Int32Array(length).fill(ignored);
  for (let at = start; at < end; at++) {
    inputs[at - start] = sequence[at]!;
    if (at >= scored) targets[at - start] = sequence[at + 1]!;
  }
  return { inputs, targets, rows: 1, context: length };
}

/** Few different lengths, so that few shapes are kept ready: a fourth, a half or all of a context. */
function rowLength(tokens: number, context: number): number {
  const lengths = [4, 2].map((parts) => Math.ceil(context / parts));
  return lengths.find((length) => tokens <= length) ?? context;
}

/**
 * The bits of a whole text, its end included: -log2 p, and 8 for each byte that the tokenizer has no token for. It compares across
 * vocabularies, since the text is the same.
 */
export async function bitsOfText(scorer: Scorer, tokenizer: Tokenizer, text: string): Promise<number> {
  const end = tokenizer.endOfDocument;
  const nats = natsOfLost(tokenizer, text) - (await scorer([end, ...tokenizer.encode(text), end]));
  return nats / Math.LN2;
}
