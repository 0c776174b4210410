// The largest numbers of a chunk, by magnitude. A float32's bits without the sign order as magnitudes do, so a histogram of
// their upper bits finds the threshold, and two more of its one bin settle it exactly.

export const chunkSize = 4096;

export interface TopSelector {
  /**
   * Positions of the `most` numbers of largest magnitude in `bits[from..to)`, counted from `from`, in ascending order, to the
   * front of `positions`: how many. Of equals the first count; zeros never do.
   */
  select(bits: Int32Array, from: number, to: number, most: number, positions: Uint16Array): number;
}

const magnitude = 0x7fffffff;

/** Of chunks of at most `chunkSize` numbers. It holds its memory, and makes none. */
export function topSelector(): TopSelector {
  const upper = new Uint16Array(2 ** 11);
  const lower = new Uint16Array(2 ** 10);
  const places = new Uint16Array(chunkSize);
  const inBin = new Int32Array(chunkSize);

  /** The magnitude of the `wanted`th largest in `inBin`, whose bits from 20 on are `bin`. */
  function threshold(bin: number, count: number, wanted: number): number {
    let left = wanted;
    let prefix = bin;
    for (let shift = 10; shift >= 0; shift -= 10) {
      lower.fill(0);
      for (let i = 0; i < count; i++)
        if (inBin[i]! >>> (shift + 10) === prefix) lower[(inBin[i]! >>> shift) & 1023]!++;
      let next = lower.length - 1;
      for (; lower[next]! < left; next--) left -= lower[next]!;
      prefix = (prefix << 10) | next;
    }
    return prefix;
  }

  return {
    select(bits, from, to, most, positions) {
      upper.fill(0);
      for (let i = from; i < to; i++) upper[(bits[i]! & magnitude) >>> 20]!++;
      let bin = upper.length - 1;
      let wanted = most;
      for (; bin > 0 && upper[bin]! < wanted; bin--) wanted -= upper[bin]!;
      let gathered = 0;
      let own = 0;
      for (let i = from; i < to; i++) {
        const size = bits[i]! & magnitude;
        if (size >>> 20 < bin) continue;
        places[gathered++] = i - from;
        if (size >>> 20 === bin) inBin[own++] = size;
      }
      const least = Math.max(1, own > wanted ? threshold(bin, own, wanted) : bin << 20);
      let equals = most;
      for (let i = 0; i < gathered; i++) if ((bits[from + places[i]!]! & magnitude) > least) equals--;
      let count = 0;
      for (let i = 0; i < gathered; i++) {
        const place = places[i]!;
        const size = bits[from + place]! & magnitude;
        if (size > least || (size === least && equals-- > 0)) positions[count++] = place;
      }
      return count;
    },
  };
}
