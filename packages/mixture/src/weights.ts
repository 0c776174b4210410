// How much each of several models counts in their mixture, after what each gave to the text so far.
//
// By likelihood: Bayes' rule, each model's share times what it gave to the byte. A mixture over a whole text then costs at most
// ln(models) nats more than the best of them. With a share for switching (fixed share, Herbster and Warmuth 1998) a part of all
// weight is dealt out anew to all models after each byte, so that a text may go over to another language at any byte: -ln(share / models)
// nats each time, and about the share itself a byte.

import { InputError } from "@homebody/base";

export type MixtureRule =
  | { readonly kind: "uniform" }
  /** `share`: of all weight, dealt out equally after each byte; 0: none. */
  | { readonly kind: "likelihood"; readonly share: number };

export function requireRule(rule: MixtureRule): MixtureRule {
  if (rule.kind === "likelihood" && !(rule.share >= 0 && rule.share < 1))
    throw new InputError("mixture, share", "a number from 0 on, below 1", `${rule.share}`);
  return rule;
}

/** Before any byte: all the same. */
export const firstWeights = (models: number): Float64Array => new Float64Array(models).fill(1 / models);

/** What the mixture gives to an outcome: ln p, of each model's ln p. */
export function mixed(weights: Float64Array, logProbabilities: ArrayLike<number>): number {
  const most = largest(logProbabilities);
  if (most === Number.NEGATIVE_INFINITY) return most;
  let sum = 0;
  for (let i = 0; i < weights.length; i++) sum += weights[i]! * Math.exp(logProbabilities[i]! - most);
  return most + Math.log(sum);
}

/** The weights after the outcome to which the models gave these ln p. */
export function weightsAfter(
  weights: Float64Array,
  logProbabilities: ArrayLike<number>,
  rule: MixtureRule,
): Float64Array {
  if (rule.kind === "uniform") return weights;
  const most = largest(logProbabilities);
  const after = weights.map((weight, i) => weight * Math.exp(logProbabilities[i]! - most));
  const sum = after.reduce((total, weight) => total + weight, 0);
  if (!(sum > 0)) return firstWeights(weights.length); // whoever had weight gave it nothing
  return after.map((weight) => (1 - rule.share) * (weight / sum) + rule.share / weights.length);
}

const largest = (values: ArrayLike<number>) =>
  Array.from(values).reduce((most, value) => Math.max(most, value), Number.NEGATIVE_INFINITY);
