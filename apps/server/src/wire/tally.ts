// Bytes that many hold, each a part, and a bound on their sum: above it, whoever holds the most has to go.

/** One holder's part. */
export interface Tally {
  bytes(): number;
  set(bytes: number): void;
}

export interface Tallies {
  /** A new holder, which holds nothing yet; `end` makes it let go of all that it holds. */
  of(end: () => void): Tally;
  /** Of all. */
  bytes(): number;
}

export function tally(most: number): Tallies {
  const holders = new Map<Tally, () => void>();
  let sum = 0;

  function endLargest(): void {
    let largest: Tally | undefined;
    for (const one of holders.keys()) if (one.bytes() > (largest?.bytes() ?? 0)) largest = one;
    const end = largest && holders.get(largest);
    largest?.set(0);
    end?.();
  }

  return {
    of(end) {
      let own = 0;
      const holder: Tally = {
        bytes: () => own,
        set(bytes) {
          sum += bytes - own;
          own = bytes;
          // Only those who hold something are looked through.
          if (bytes === 0) holders.delete(holder);
          else holders.set(holder, end);
          if (sum > most) endLargest();
        },
      };
      return holder;
    },
    bytes: () => sum,
  };
}
