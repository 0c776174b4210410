// Who counts for how much: the mean is taken within a source, then over sources, so that a hundred volunteers of one
// language do not drown the only one of another.

export type Weighting = "equal" | "tokens";

export interface Contribution {
  readonly source: string;
  /** Target tokens that the delta was trained on; the volunteer's own claim, bounded by the round's budget. */
  readonly tokens: number;
}

/**
 * One weight a contribution; they sum to 1. Sources have equal shares. Within a source volunteers share alike, or by
 * their tokens (alike again if none has any).
 */
export function sourceWeights(contributions: readonly Contribution[], weighting: Weighting): number[] {
  const members = new Map<string, { count: number; tokens: number }>();
  for (const { source, tokens } of contributions) {
    const sums = members.get(source) ?? { count: 0, tokens: 0 };
    members.set(source, { count: sums.count + 1, tokens: sums.tokens + tokens });
  }
  return contributions.map(({ source, tokens }) => {
    const sums = members.get(source)!;
    const within = weighting === "tokens" && sums.tokens > 0 ? tokens / sums.tokens : 1 / sums.count;
    return within / members.size;
  });
}
