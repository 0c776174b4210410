// A piece of the deltas of one group: the same numbers of each of its members.

export interface Slice {
  /** By member, equally many of each. */
  readonly values: readonly Float32Array[];
  /** By member, 1 for each number that it holds; null where all hold all. What is not held has no meaning. */
  readonly held: readonly Uint8Array[] | null;
}

/** So many numbers of all members are near the processor at once. */
const pieceSize = 4096;

/** In order: where each begins in the slice, and views of it. */
export function* piecesOf({
  values,
  held,
}: Slice): Generator<{ readonly at: number; readonly slice: Slice }> {
  const size = values[0]!.length;
  for (let at = 0; at < size; at += pieceSize) {
    const end = Math.min(size, at + pieceSize);
    const slice = {
      values: values.map((own) => own.subarray(at, end)),
      held: held?.map((own) => own.subarray(at, end)) ?? null,
    };
    yield { at, slice };
  }
}
