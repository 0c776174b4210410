// From logits to a token, and from token to token.

import { drawnPlace, InputError, type Random, random } from "@homebody/base";
import type { Cache } from "./predictor.ts";

export interface Choice {
  /** 0: always the likeliest. */
  readonly temperature: number;
  /** So many of the likeliest may come; of all tokens, where it is as many as there are. */
  readonly topK: number;
  /** And of these as few as have this share of their probability: the nucleus (Holtzman et al. 2020). 1, or nothing: all of them. */
  readonly topP?: number | undefined;
}

export interface SampleOptions extends Choice {
  readonly tokens: number;
  readonly seed: string;
}

/**
 * Tokens that go on from a prompt, one at a time; at most `tokens` of them. The cache begins anew. Where it is full the
 * last half of it is read again, as if the text began there: positions that are learned end with the context.
 */
export async function* sample(
  cache: Cache,
  prompt: readonly number[],
  { tokens, seed, ...choice }: SampleOptions,
): AsyncGenerator<number> {
  if (prompt.length === 0) throw new InputError("prompt", "at least one token", "none");
  const dice = random(seed);
  const lastHalf = -Math.ceil(cache.capacity / 2);
  const all = [...prompt];
  cache.rewind(0);
  let unread: readonly number[] = all;
  for (let made = 0; made < tokens; made++) {
    if (cache.length + unread.length > cache.capacity) {
      cache.rewind(0);
      unread = all.slice(lastHalf);
    }
    const next = pick(await cache.read(unread), choice, dice);
    all.push(next);
    unread = [next];
    yield next;
  }
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
  return few[drawnPlace(weights, dice)]!;
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
