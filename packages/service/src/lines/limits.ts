// Bounds [P16]: how much one connection, one address and all together may ask for. Counting only: what happens
// to whoever asks for more is decided where the bound is used.

export interface Limits {
  readonly connections: number;
  /** Of those who wait for the host's approval, kept in mind. */
  readonly applicants: number;
  /** Wrong codes of invitations a minute from one address. */
  readonly codeGuessesPerMinute: number;
  readonly connectionsPerAddress: number;
  /** New connections a second from one address, on average; ten times as many at once. */
  readonly newPerSecond: number;
  /** Requests a second on one connection, on average; chunks are bounded by their window instead. */
  readonly messagesPerSecond: number;
  /** Time in which a connection says hello or watches, or goes. */
  readonly introductionMs: number;
  /** HTTP requests a second from one address, on average. */
  readonly requestsPerSecond: number;
  /** Wrong admin tokens a minute from one address. */
  readonly adminGuessesPerMinute: number;
  /** Volunteers kept in mind, connected or not. */
  readonly volunteers: number;
}

export const defaultLimits: Limits = {
  connections: 5000,
  applicants: 100,
  codeGuessesPerMinute: 30,
  connectionsPerAddress: 256,
  newPerSecond: 20,
  messagesPerSecond: 30,
  introductionMs: 30_000,
  requestsPerSecond: 100,
  adminGuessesPerMinute: 30,
  volunteers: 10_000,
};

/** A token bucket: `rate` a second on average, `burst` at once. */
export interface Bucket {
  /** Takes one; false if there is none. */
  take(nowMs: number): boolean;
  /** Full again: nothing is lost by forgetting it. */
  idle(nowMs: number): boolean;
}

export function bucket(rate: number, burst: number): Bucket {
  let level = burst;
  let filledAt: number | undefined;
  const fill = (nowMs: number) => {
    const since = Math.max(0, nowMs - (filledAt ?? nowMs));
    level = Math.min(burst, level + (since / 1000) * rate);
    filledAt = nowMs;
  };
  return {
    take(nowMs) {
      fill(nowMs);
      if (level < 1) return false;
      level -= 1;
      return true;
    },
    idle(nowMs) {
      fill(nowMs);
      return level >= burst;
    },
  };
}

/** A bucket for every key (an address); those that are full again are forgotten, so memory follows the traffic. */
export function buckets(rate: number, burst: number, most = 10_000) {
  const byKey = new Map<string, Bucket>();
  return {
    take(key: string, nowMs: number): boolean {
      let own = byKey.get(key);
      if (own === undefined) {
        if (byKey.size >= most) for (const [k, one] of byKey) if (one.idle(nowMs)) byKey.delete(k);
        if (byKey.size >= most) return false;
        own = bucket(rate, burst);
        byKey.set(key, own);
      }
      return own.take(nowMs);
    },
    get size() {
      return byKey.size;
    },
  };
}

/** How many of something each key has open. */
export function counters() {
  const byKey = new Map<string, number>();
  return {
    of: (key: string) => byKey.get(key) ?? 0,
    add(key: string, by: 1 | -1): void {
      const count = (byKey.get(key) ?? 0) + by;
      if (count <= 0) byKey.delete(key);
      else byKey.set(key, count);
    },
  };
}
