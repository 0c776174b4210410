// A piece of the deltas of one group: the same numbers of each of its members.

export interface Slice {
  /** By member, equally many of each. */
  readonly values: readonly Float32Array[];
  /** By member, 1 for each number that it holds; null where all hold all. What is not held has no meaning. */
  readonly held: readonly Uint8Array[] | null;
}
