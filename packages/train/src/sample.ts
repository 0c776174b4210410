// From logits to a token: the likeliest, or one of the k likeliest by chance.

import type { Random } from "@homebody/base";

export interface Choice {
  /** 0: always the likeliest. */
  readonly temperature: number;
  readonly topK: number;
}

export function pick(logits: Float32Array, { temperature, topK }: Choice, dice: Random): number {
  const order = Array.from(logits.keys()).sort((a, b) => logits[b]! - logits[a]! || a - b);
  const likeliest = order[0]!;
  if (temperature === 0) return likeliest;
  const few = order.slice(0, Math.max(1, topK));
  const weights = few.map((id) => Math.exp((logits[id]! - logits[likeliest]!) / temperature));
  let left = dice.uniform() * weights.reduce((sum, weight) => sum + weight, 0);
  for (const [i, weight] of weights.entries()) {
    left -= weight;
    if (left < 0) return few[i]!;
  }
  return few.at(-1)!;
}
