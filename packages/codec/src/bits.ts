// Bits in bytes, the lowest of a byte first.

export interface BitWriter {
  /** Where the next whole byte would be written. Bits before it are in the bytes. */
  readonly at: number;
  start(at: number): void;
  /** The lowest `count` bits of a value: 0 to 16 of them. */
  put(value: number, count: number): void;
  /** As many ones, and a zero. */
  putUnary(ones: number): void;
  /** Fills the last byte with zeros. */
  flush(): void;
}

export function bitWriter(bytes: Uint8Array): BitWriter {
  let [at, held, kept] = [0, 0, 0];
  const put = (value: number, count: number) => {
    held |= value << kept;
    for (kept += count; kept >= 8; kept -= 8) {
      bytes[at++] = held;
      held >>>= 8;
    }
  };
  return {
    get at() {
      return at;
    },
    start(from) {
      at = from;
      held = 0;
      kept = 0;
    },
    put,
    putUnary(ones) {
      let left = ones;
      for (; left >= 16; left -= 16) put(0xffff, 16);
      put((1 << left) - 1, left + 1);
    },
    flush() {
      if (kept > 0) put(0, 8 - kept);
    },
  };
}

export interface BitReader {
  /** From byte `from` to byte `to`. */
  start(from: number, to: number): void;
  /** So many bits, 0 to 16; beyond the end zeros. */
  take(count: number): number;
  /** How many ones stand before the next zero, at most `most + 1`. */
  takeUnary(most: number): number;
  /** Whether all is read but zeros in the last byte, and nothing beyond the end. */
  isDone(): boolean;
}

export function bitReader(bytes: Uint8Array): BitReader {
  let [at, end, held, kept] = [0, 0, 0, 0];
  const take = (count: number) => {
    for (; kept < count; kept += 8) {
      if (at < end) held |= bytes[at]! << kept;
      at++;
    }
    const value = held & ((1 << count) - 1);
    held >>>= count;
    kept -= count;
    return value;
  };
  return {
    start(from, to) {
      [at, end, held, kept] = [from, to, 0, 0];
    },
    take,
    takeUnary(most) {
      let ones = 0;
      while (ones <= most && take(1) === 1) ones++;
      return ones;
    },
    isDone: () => at === end && held === 0,
  };
}
