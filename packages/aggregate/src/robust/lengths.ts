// Deltas of very different lengths, made comparable: which way each goes, and how far, are averaged one after the other [C88].

import { combinationOf, type Say } from "./average.ts";
import { combine } from "./combine.ts";

/**
 * What each delta of a group is multiplied by so that all are as long as the trimmed mean of these lengths, root mean squares. One of
 * zeros stays as it is.
 */
export function evenFactors(lengths: readonly number[], say: Say, attackers: number): readonly number[] {
  const alone = combinationOf({ rule: "trimmed-mean", mixing: "off", attackers }, say, null);
  const values = lengths.map((length) => Float32Array.of(length));
  const usual = combine(alone, { values, held: null }).numbers[0]!;
  return lengths.map((length) => (length > 0 ? usual / length : 1));
}
