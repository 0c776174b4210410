// Who counts for how much: the mean is taken within a source, then over sources, so that a hundred volunteers of one
// language do not drown the only one of another.

export type Weighting = "equal" | "tokens";

export interface Contribution {
  readonly source: string;
  /** Target tokens that the delta was trained on; the volunteer's own claim, bounded by the round's budget. */
  readonly tokens: number;
  /** What it weighs beside others of its source: 1 for all alike. Whole numbers, so that equals weigh the same bit for bit. */
  readonly seniority: number;
}

/**
 * One weight a contribution; they sum to 1. Sources have equal shares. Within a source volunteers share by their seniority,
 * or by that times their tokens (by seniority alone if none has any).
 */
export function sourceWeights(contributions: readonly Contribution[], weighting: Weighting): number[] {
  const members = new Map<string, { seniority: number; tokens: number }>();
  for (const { source, tokens, seniority } of contributions) {
    const sums = members.get(source) ?? { seniority: 0, tokens: 0 };
    members.set(source, {
      seniority: sums.seniority + seniority,
      tokens: sums.tokens + seniority * tokens,
    });
  }
  return contributions.map(({ source, tokens, seniority }) => {
    const sums = members.get(source)!;
    const byTokens = weighting === "tokens" && sums.tokens > 0;
    const within = byTokens ? (seniority * tokens) / sums.tokens : seniority / sums.seniority;
    return within / members.size;
  });
}
