// From logits to a token: the likeliest, or one of the likeliest by chance.

import type { Random } from "@homebody/base";

export interface Choice {
  /** 0: always the likeliest. */
  readonly temperature: number;
  /** So many of the likeliest may come; of all tokens, where it is as many as there are. */
  readonly topK: number;
  /** And of these as few as have this share of their probability: the nucleus (Holtzman et al. 2020). 1, or nothing: all of them. */
  readonly topP?: number | undefined;
}

export function pick(logits: Float32Array, { temperature, topK, topP = 1 }: Choice, dice: Random): number {
  const order = Array.from(logits.keys()).sort((a, b) => logits[b]! - logits[a]! || a - b);
  const likeliest = order[0]!;
  if (temperature === 0) return likeliest;
  const few = order.slice(0, Math.max(1, topK));
  const weights = nucleus(
    few.map((id) => Math.exp((logits[id]! - logits[likeliest]!) / temperature)),
    topP,
  );
  let left = dice.uniform() * sumOf(weights);
  for (const [i, weight] of weights.entries()) {
    left -= weight;
    if (left < 0) return few[i]!;
  }
  return few[weights.length - 1]!;
}

/** The first of falling weights, as few as have the share; one at least. */
function nucleus(weights: readonly number[], share: number): readonly number[] {
  if (share >= 1) return weights;
  const enough = share * sumOf(weights);
  let sum = 0;
  const last = weights.findIndex((weight) => {
    sum += weight;
    return sum >= enough;
  });
  return weights.slice(0, last + 1);
}

const sumOf = (weights: readonly number[]) => weights.reduce((sum, weight) => sum + weight, 0);
