// Several models of bytes as one: each outcome has the mean of what they give it, by their weights.

import { InputError } from "@homebody/base";
import { type ByteModel, type ByteState, outcomes } from "./byte-model.ts";
import { firstWeights, type MixtureRule, mixed, requireRule, weightsAfter } from "./weights.ts";

/** A state of a mixture; like that of one model, it never changes. */
export interface MixtureState extends Omit<ByteState, "after" | "draw"> {
  /** Of each model, in their order; they sum to 1. */
  readonly weights: Float64Array;
  after(byte: number): Promise<MixtureState>;
}

export function mixtureOf(models: readonly ByteModel[], rule: MixtureRule): { start(): MixtureState } {
  if (models.length === 0) throw new InputError("mixture", "at least one model", "none");
  requireRule(rule);
  const start = models.map((model) => model.start());
  return { start: () => stateOf(start, firstWeights(models.length), rule) };
}

function stateOf(states: readonly ByteState[], weights: Float64Array, rule: MixtureRule): MixtureState {
  const each = (outcome: number) => inTurn(states, (state) => state.logProbability(outcome));
  return {
    weights,
    next: async () => {
      const found = new Float64Array(outcomes);
      for (const [i, state] of states.entries())
        for (const [outcome, p] of (await state.next()).entries()) found[outcome]! += weights[i]! * p;
      return found;
    },
    logProbability: async (outcome) => mixed(weights, await each(outcome)),
    after: async (byte) => {
      const after = weightsAfter(weights, await each(byte), rule);
      return stateOf(await inTurn(states, (state) => state.after(byte)), after, rule);
    },
  };
}

/** One after the other: they may share a device. */
async function inTurn<T, R>(items: readonly T[], ask: (item: T) => Promise<R>): Promise<R[]> {
  const answers: R[] = [];
  for (const item of items) answers.push(await ask(item));
  return answers;
}
