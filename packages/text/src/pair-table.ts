// From a pair of token ids to a number: a hash table over flat arrays, since a Map of such keys is several times
// slower. Open addressing, linear probing, at most half full; nothing is ever removed.

export interface PairTable {
  /** -1 if the pair is not there. */
  get(left: number, right: number): number;
  /** For a pair that is not there yet; the value is 0 or more. */
  add(left: number, right: number, value: number): void;
  readonly size: number;
}

export function pairTable(expected = 1024): PairTable {
  let capacity = 16;
  while (capacity < expected * 2) capacity *= 2;
  let keys = new Uint32Array(capacity); // left * 65536 + right: ids are below 65536
  let values = new Int32Array(capacity).fill(-1);
  let size = 0;

  /** Where the pair is, or the free place where it would be. */
  function place(key: number): number {
    const mask = capacity - 1;
    let at = (Math.imul(key, 0x9e3779b1) >>> 7) & mask;
    while (values[at]! >= 0 && keys[at] !== key) at = (at + 1) & mask;
    return at;
  }

  function grow(): void {
    const [oldKeys, oldValues] = [keys, values];
    capacity *= 2;
    keys = new Uint32Array(capacity);
    values = new Int32Array(capacity).fill(-1);
    for (let i = 0; i < oldKeys.length; i++) {
      if (oldValues[i]! < 0) continue;
      const at = place(oldKeys[i]!);
      keys[at] = oldKeys[i]!;
      values[at] = oldValues[i]!;
    }
  }

  return {
    get: (left, right) => values[place(((left << 16) | right) >>> 0)]!,
    add(left, right, value) {
      if (size * 2 >= capacity) grow();
      const key = ((left << 16) | right) >>> 0;
      const at = place(key);
      keys[at] = key;
      values[at] = value;
      size += 1;
    },
    get size() {
      return size;
    },
  };
}
