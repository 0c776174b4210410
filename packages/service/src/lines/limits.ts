// Bounds [P16] [P30] to [P33]: how much one connection, one address and all together may ask for. Counting only: what happens
// to whoever asks for more is decided where the bound is used. An address is an IPv4 address or the /64 of an IPv6 address.
// A school of 300 pupils behind one address, each with two lines and six more connections a page, gets in within two minutes.

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
  /** Volunteers from one address that are not known yet, a minute on average; as many at once. */
  readonly newVolunteersPerMinute: number;
  /** Bytes of the journal and of figures that one address may read, a second on average; 24 times as many at once. */
  readonly historyBytesPerSecond: number;
  /** Bytes of reports of who is here, a second to all watchers together: where many watch, reports are rarer. */
  readonly presenceBytesPerSecond: number;
  /** Bytes that wait for one connection to read them. */
  readonly waitingBytes: number;
  /** Bytes that wait to be read, of all connections; and bytes of messages that are not finished. */
  readonly waitingBytesInAll: number;
  readonly unfinishedBytesInAll: number;
  /** Frames a second on one connection, on average; ten times as many at once. Bytes of chunks pay for their own. */
  readonly framesPerSecond: number;
  /** TCP connections, in all and from one address. */
  readonly sockets: number;
  readonly socketsPerAddress: number;
  /** Those of them on which no request has come yet. */
  readonly unspokenPerAddress: number;
  /** Time in which a connection brings the whole head of a request, or TLS is agreed upon. */
  readonly headMs: number;
  /** Volunteers kept in mind, connected or not. */
  readonly volunteers: number;
}

export const defaultLimits: Limits = {
  connections: 5000,
  applicants: 100,
  codeGuessesPerMinute: 30,
  connectionsPerAddress: 1000,
  newPerSecond: 20,
  messagesPerSecond: 30,
  introductionMs: 30_000,
  requestsPerSecond: 300,
  adminGuessesPerMinute: 30,
  newVolunteersPerMinute: 150,
  historyBytesPerSecond: 4 * 2 ** 20,
  presenceBytesPerSecond: 4 * 2 ** 20,
  waitingBytes: 2 * 2 ** 20,
  waitingBytesInAll: 128 * 2 ** 20,
  unfinishedBytesInAll: 384 * 2 ** 20,
  framesPerSecond: 100,
  sockets: 12_000,
  socketsPerAddress: 2400,
  unspokenPerAddress: 1000,
  headMs: 10_000,
  volunteers: 10_000,
};

/** A token bucket: `rate` a second on average, `burst` at once. */
export interface Bucket {
  /** Takes one, or as many as it costs; false if there is none. Whoever has one may go into debt for the rest. */
  take(nowMs: number, cost?: number): boolean;
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
    take(nowMs, cost = 1) {
      fill(nowMs);
      if (level < Math.min(1, cost)) return false;
      level = Math.min(burst, level - cost);
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
    take(key: string, nowMs: number, cost?: number): boolean {
      let own = byKey.get(key);
      if (own === undefined) {
        if (byKey.size >= most) for (const [k, one] of byKey) if (one.idle(nowMs)) byKey.delete(k);
        if (byKey.size >= most) return false;
        own = bucket(rate, burst);
        byKey.set(key, own);
      }
      return own.take(nowMs, cost);
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
