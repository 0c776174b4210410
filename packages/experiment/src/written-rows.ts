// What a mixture wrote, as rows that a student of one vocabulary learns from.
//
// A student that learns texts which its teacher wrote, by their tokens' cross-entropy, comes as near to the teacher as it can: the mean of
// ln teacher - ln student over such texts is the divergence of the two (sequence-level distillation, Kim and Rush 2016). No token of
// the teacher's needs to be one of the student's.

import type { Written } from "@homebody/mixture";
import { type Batch, ignored, rowsInTurn, settledTokens, type Tokenizer } from "@homebody/text";

/** All texts one after another, each from an end of document on, in rows of `context` tokens; the last row is filled up. [M14, M15] */
export function writtenRows(
  texts: readonly Written[],
  tokenizer: Pick<Tokenizer, "encode" | "endOfDocument">,
  context: number,
): Batch {
  const { endOfDocument } = tokenizer;
  const inputs: number[] = [];
  const targets: number[] = [];
  for (const { text, isWhole } of texts) {
    const tokens = isWhole ? tokenizer.encode(text) : settledTokens(tokenizer, text);
    inputs.push(endOfDocument, ...tokens);
    targets.push(...tokens, isWhole ? endOfDocument : ignored);
  }
  const rows = Math.ceil(inputs.length / context);
  const all = { inputs: new Int32Array(rows * context), targets: new Int32Array(rows * context) };
  all.inputs.set(inputs);
  all.targets.fill(ignored).set(targets);
  return { ...all, rows, context };
}

/** So many of the rows, shuffled anew for each epoch: a function of step and seed. Each comes once before any comes again. */
export function drawRows(
  all: Batch,
  { step, batch, seed }: { readonly step: number; readonly batch: number; readonly seed: string },
): Batch {
  const { context } = all;
  const inputs = new Int32Array(batch * context);
  const targets = new Int32Array(batch * context);
  for (const [i, row] of rowsInTurn(all, seed, step * batch, batch).entries()) {
    const [from, to] = [row * context, (row + 1) * context];
    inputs.set(all.inputs.subarray(from, to), i * context);
    targets.set(all.targets.subarray(from, to), i * context);
  }
  return { inputs, targets, rows: batch, context };
}
