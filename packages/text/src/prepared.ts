// From documents to what a model trains and is measured on: a tokenizer, trained here or given, and two shards.

import type { Split } from "./held-out.ts";
import { packing, type Shard } from "./shard.ts";
import type { Tokenizer } from "./tokenizer.ts";
import { tokenizerTraining } from "./train-tokenizer.ts";

export interface PreparedText {
  readonly tokenizer: Tokenizer;
  readonly train: Shard;
  readonly heldOut: Shard;
}

export interface PreparingOptions {
  /** A tokenizer, or how many tokens one is to have that is trained on the text. */
  readonly vocabulary: Tokenizer | number;
  readonly context: number;
  /** Gives the order of the documents. */
  readonly seed: string;
}

export interface PreparingProgress {
  readonly phase: "reading" | "indexing" | "merging" | "packing";
  /** In the units of the training and the packing. */
  readonly done: number;
  readonly of: number;
}

/** In steps of some milliseconds, so that whoever runs it can report, breathe and give up. */
export function* preparing(
  { train, heldOut }: Split,
  { vocabulary, context, seed }: PreparingOptions,
): Generator<PreparingProgress, PreparedText> {
  const tokenizer =
    typeof vocabulary === "number" ? yield* tokenizerTraining(train, { vocabulary }) : vocabulary;
  function* pack(documents: readonly string[], share: string): Generator<PreparingProgress, Shard> {
    const work = packing(documents, tokenizer, { context, seed: `${seed}/${share}` });
    for (;;) {
      const step = work.next();
      if (step.done) return step.value;
      yield { phase: "packing", ...step.value };
    }
  }
  return { tokenizer, train: yield* pack(train, "train"), heldOut: yield* pack(heldOut, "held-out") };
}
