// What is made of the times at which deltas went and were acknowledged.

/** Of some volunteers in one round: when the first byte went and the last acknowledgement came, by the clock on the wall. */
export interface Passage {
  readonly beganAtMs: number;
  readonly endedAtMs: number;
  /** Of each delta, from its last message to the acknowledgement. */
  readonly commitMs: readonly number[];
}

/** Of all volunteers together: rounds one after another, in each the passages of those who sent at the same time. */
export interface Passed {
  readonly perSecond: number;
  readonly commitP50Ms: number;
  readonly commitP99Ms: number;
}

export function passedIn(rounds: readonly (readonly Passage[])[]): Passed {
  const commits = rounds.flat().flatMap(({ commitMs }) => commitMs);
  const seconds = rounds.reduce((sum, round) => sum + secondsOf(round), 0);
  return {
    perSecond: commits.length / seconds,
    commitP50Ms: quantile(commits, 0.5),
    commitP99Ms: quantile(commits, 0.99),
  };
}

function secondsOf(round: readonly Passage[]): number {
  const began = Math.min(...round.map(({ beganAtMs }) => beganAtMs));
  const ended = Math.max(...round.map(({ endedAtMs }) => endedAtMs));
  return (ended - began) / 1000;
}

/** The smallest of the numbers that at least this share of them does not exceed. */
export function quantile(numbers: readonly number[], share: number): number {
  const sorted = [...numbers].sort((a, b) => a - b);
  return sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)] ?? Number.NaN;
}
