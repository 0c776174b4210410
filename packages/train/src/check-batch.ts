// What a batch owes the engine.

import { InputError } from "@homebody/base";
import type { Batch } from "@homebody/text";

type Inputs = Pick<Batch, "inputs" | "rows" | "context">;

/** Throws an InputError unless there are rows x context tokens of the vocabulary. */
export function checkInputs({ inputs, rows, context }: Inputs, vocabulary: number): void {
  if (inputs.length !== rows * context)
    throw new InputError("batch: inputs", `${rows} x ${context} tokens`, `${inputs.length}`);
  const outside = inputs.findIndex((id) => id < 0 || id >= vocabulary);
  if (outside >= 0)
    throw new InputError("batch: inputs", `tokens from 0 to ${vocabulary - 1}`, `${inputs[outside]}`);
}

/** How many targets count; throws an InputError where none does, or one is outside the vocabulary. */
export function checkBatch(batch: Batch, vocabulary: number): number {
  checkInputs(batch, vocabulary);
  const { targets, inputs } = batch;
  if (targets.length !== inputs.length)
    throw new InputError("batch: targets", `${inputs.length}`, `${targets.length}`);
  let count = 0;
  for (const target of targets) {
    if (target >= vocabulary)
      throw new InputError("batch: targets", `tokens below ${vocabulary}`, `${target}`);
    if (target >= 0) count += 1;
  }
  if (count === 0) throw new InputError("batch: targets", "at least one that counts", "none");
  return count;
}
