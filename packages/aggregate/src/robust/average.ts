// How the deltas of one source become one: settings, and what they mean for a group of deltas with these weights and distances.

import type { Combination } from "./combine.ts";
import type { Distances } from "./distances.ts";
import { centredClipping, multiKrum, nearestMixes, type Shares } from "./mixing.ts";

/** `attackers`: the share of the deltas of a source that may attack; below a half. */
export type RobustSettings =
  | {
      readonly rule: "trimmed-mean" | "median";
      /** Before the rule each delta is mixed with those nearest to it. */
      readonly mixing: "nearest" | "off";
      readonly attackers: number;
    }
  | { readonly rule: "multi-krum" | "centred-clipping"; readonly attackers: number };

/** Whether the settings look at whole deltas beside each other. */
export function needsDistances(settings: RobustSettings): boolean {
  return !("mixing" in settings) || settings.mixing === "nearest";
}

/** By member, each above 0. */
export interface Say {
  readonly weights: readonly number[];
  /** In what is left out: nobody has more of them by what it claims itself [C87]. */
  readonly votes: readonly number[];
}

/** `distances`: null where the settings need none. */
export function combinationOf(
  settings: RobustSettings,
  { weights, votes }: Say,
  distances: Distances | null,
): Combination {
  const { attackers } = settings;
  switch (settings.rule) {
    case "multi-krum":
      return chosen(multiKrum(distances!, weights, attackers));
    case "centred-clipping":
      return chosen(centredClipping(distances!, votes, attackers));
    default: {
      const isMixed = settings.mixing === "nearest";
      const mixes = isMixed ? nearestMixes(distances!, weights, attackers) : weights.map(alone);
      return { mixes, weights, votes, rule: settings.rule, attackers };
    }
  }
}

const chosen = (shares: Shares): Combination => ({
  mixes: [shares],
  weights: [1],
  votes: [1],
  rule: "mean",
  attackers: 0,
});

function alone(_: number, i: number, all: readonly number[]): Shares {
  const shares = new Float64Array(all.length);
  shares[i] = 1;
  return shares;
}
