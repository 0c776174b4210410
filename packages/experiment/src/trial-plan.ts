// How much of an adaptation fits into the time that a visitor gives: the vocabulary, the batch and the steps of a trial,
// in which two beginnings of one model are carried on beside each other.

/** Measured on the device that trains. */
export interface TrialSpeed {
  /** Of one step, in ms. */
  readonly stepMs: number;
  /** Of one evaluation with the change to the other arm, in ms. */
  readonly turnMs: number;
}

export interface TrialPlan {
  /** Of each arm. */
  readonly steps: number;
  /** Steps from one evaluation to the next. */
  readonly evaluateEvery: number;
  /** Of all arms together. */
  readonly expectedMs: number;
}

const arms = 2;
/** Evaluations of an arm after the first: as many points as a curve needs to be seen. */
const points = 16;
/** With fewer steps fresh embeddings have hardly begun to mean anything. */
export const leastTrialSteps = 3 * points;
const mostTrialSteps = 400;
/** Times that a text is read: held-out text of a small one gets worse beyond it. */
const mostEpochs = 8;

/**
 * The steps that both arms make within `budgetMs`, at most so many that the text's rows are read eight times, at
 * least 48 whatever the time: who has less makes the batch smaller first.
 */
export function planTrial(
  { stepMs, turnMs }: TrialSpeed,
  budgetMs: number,
  { batch, rows }: { readonly batch: number; readonly rows: number },
): TrialPlan {
  const turns = (points + 1) * turnMs;
  const affordable = Math.floor((budgetMs / arms - turns) / stepMs);
  const useful = Math.floor((mostEpochs * rows) / batch);
  const wanted = Math.max(leastTrialSteps, Math.min(affordable, useful, mostTrialSteps));
  const evaluateEvery = Math.floor(wanted / points);
  const steps = evaluateEvery * points;
  return { steps, evaluateEvery, expectedMs: arms * (steps * stepMs + turns) };
}

/** What the least that makes sense takes: where that is more than the time there is, a smaller batch is to be tried. */
export function leastTrialMs({ stepMs, turnMs }: TrialSpeed): number {
  return arms * (leastTrialSteps * stepMs + (points + 1) * turnMs);
}

/** Of a whole trial. A device that gets slower on the way ends it here, both arms after the same steps. */
export const trialLimitMs = 120_000;

/** What is left for learning when so much has gone by: 30 to 95 s, with 10 s in hand. */
export function trialBudget(elapsedMs: number): number {
  return Math.min(95_000, Math.max(30_000, trialLimitMs - 10_000 - elapsedMs));
}

const bytesAToken = 48;

/**
 * Tokens of a vocabulary for a text of so many bytes (UTF-8), at most `most`: beside the bytes one token for 48 bytes of
 * text, so that each is seen often enough to mean something.
 */
export function trialVocabulary(textBytes: number, most: number): number {
  return Math.min(most, 257 + Math.floor(textBytes / bytesAToken));
}

const mostTokensAStep = 2048;

/** Rows of a batch: the run's, as far as a small device and a small text (an epoch of four steps) bear it. */
export function trialBatch(
  { batch, context }: { readonly batch: number; readonly context: number },
  rows: number,
): number {
  const most = Math.min(batch, Math.floor(mostTokensAStep / context), Math.ceil(rows / 4));
  return Math.max(1, most);
}
