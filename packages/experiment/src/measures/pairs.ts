// Minimal pairs: two sentences that differ in little, one as somebody wrote it. How often does a model find that one likelier?
//
// As in BLiMP (Warstadt et al. 2020) and MultiBLiMP (Jumelet et al. 2025, arXiv 2504.02768) sentences are compared by their summed
// log-probabilities. Pairs for which nobody wrote a grammar are made from held-out text in pairs-from-text.ts.

import { InputError } from "@homebody/base";
import type { Tokenizer } from "@homebody/text";
import { natsOfLost } from "./lost.ts";
import type { Scorer } from "./scorer.ts";

export interface Pair {
  readonly good: string;
  readonly bad: string;
  /** What the pair is about: `swapped`, `replaced`, or a phenomenon of a file. */
  readonly kind: string;
}

export interface Accuracy {
  readonly pairs: number;
  /** Whose good sentence is likelier; one that is as likely counts half. */
  readonly right: number;
  /** Chance is 0.5. */
  readonly accuracy: number;
  /** Of the accuracy, at 95 %, after Wilson (1927). */
  readonly interval: readonly [number, number];
}

/** By kind, in the order in which kinds come first. A sentence stands at the start of a document. */
export async function pairAccuracy(
  scorer: Scorer,
  tokenizer: Tokenizer,
  pairs: readonly Pair[],
): Promise<ReadonlyMap<string, Accuracy>> {
  const counts = new Map<string, { pairs: number; right: number }>();
  const score = async (sentence: string) => {
    const tokens = tokenizer.encode(sentence);
    const known = tokens.length === 0 ? 0 : await scorer([tokenizer.endOfDocument, ...tokens]);
    return known - natsOfLost(tokenizer, sentence);
  };
  for (const { good, bad, kind } of pairs) {
    const count = counts.get(kind) ?? { pairs: 0, right: 0 };
    counts.set(kind, count);
    const difference = (await score(good)) - (await score(bad));
    count.pairs += 1;
    count.right += difference > 0 ? 1 : difference === 0 ? 0.5 : 0;
  }
  return new Map([...counts].map(([kind, { pairs, right }]) => [kind, accuracyOf(right, pairs)]));
}

export function accuracyOf(right: number, pairs: number): Accuracy {
  if (!(pairs > 0)) throw new InputError("minimal pairs", "at least one", `${pairs}`);
  return { pairs, right, accuracy: right / pairs, interval: wilson(right, pairs) };
}

/** The standard normal's 97.5 % quantile. */
const z = 1.959963984540054;

/** Wilson's score interval: it stays within 0 and 1, and has a width also where all or none are right. */
function wilson(right: number, count: number): readonly [number, number] {
  const share = right / count;
  const middle = (share + z ** 2 / (2 * count)) / (1 + z ** 2 / count);
  const reach =
    (z / (1 + z ** 2 / count)) * Math.sqrt((share * (1 - share)) / count + z ** 2 / (4 * count ** 2));
  return [Math.max(0, middle - reach), Math.min(1, middle + reach)];
}
