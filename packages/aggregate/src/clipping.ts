// How much of each delta counts: none is longer than a multiple of the median, per tensor and in all.
//
// Sizes are root mean squares, so that deltas that hold different rows, or sections of different vocabularies, compare. The
// median is the lower one, and each source has as much of it as the others: a crowd in one source does not move it, and
// of two the longer one cannot set it. Who moved nothing has no say. Who carries more of rounds before than the median one may be
// longer by as much; who carries less may be as long as the others. Sums in float64, in the deltas' order.

/** A tensor of a delta: how many numbers it has, and the sum of their squares. */
export interface TensorSquares {
  readonly numbers: number;
  readonly squares: number;
}

export interface Clippable {
  readonly source: string;
  /** By section and tensor; those that it holds. */
  readonly tensors: ReadonlyMap<string, TensorSquares>;
  /** How long it may be with what it carries of rounds before, beside what its own round moves: 1 where it carries nothing. */
  readonly carries: number;
}

export interface Clip {
  /** By tensor, what its numbers are multiplied by: from 0 to 1. */
  readonly factors: ReadonlyMap<string, number>;
  /** The norm of what is left over that of the whole; 1 where nothing is clipped. */
  readonly kept: number;
}

/** One for each delta: `multiple` (at least 1) times the median is left of what is longer. */
export function clips(deltas: readonly Clippable[], multiple: number): readonly Clip[] {
  const names = [...new Set(deltas.flatMap(({ tensors }) => [...tensors.keys()]))];
  const most = new Map(names.map((name) => [name, multiple * medianOfTensor(deltas, name)]));
  const usual = lowerMedian(deltas.map(({ source, carries }) => ({ source, size: carries })));
  const longer = deltas.map(({ carries }) => Math.max(1, carries / usual));
  const perTensor = deltas.map(
    ({ tensors }, i) =>
      new Map(
        [...tensors].map(([name, tensor]) => [name, factor(sizeOf(tensor), longer[i]! * most.get(name)!)]),
      ),
  );
  const wholes = deltas.map(({ tensors }, i) => whole(tensors, perTensor[i]!));
  const inAll = multiple * lowerMedian(deltas.map(({ source }, i) => ({ source, size: sizeOf(wholes[i]!) })));
  return deltas.map(({ tensors }, i) => {
    const own = factor(sizeOf(wholes[i]!), longer[i]! * inAll);
    const factors = new Map([...perTensor[i]!].map(([name, tensor]) => [name, tensor * own]));
    const before = whole(tensors).squares;
    return { factors, kept: before > 0 ? Math.sqrt(whole(tensors, factors).squares / before) : 1 };
  });
}

function medianOfTensor(deltas: readonly Clippable[], name: string): number {
  return lowerMedian(
    deltas.flatMap(({ source, tensors }) => {
      const tensor = tensors.get(name);
      return tensor === undefined ? [] : [{ source, size: sizeOf(tensor) }];
    }),
  );
}

/** Of sizes above 0: the smallest below or at which half of the sources' shares lie. Infinite where there is none. */
export function lowerMedian(sizes: readonly { readonly source: string; readonly size: number }[]): number {
  const some = sizes.filter(({ size }) => size > 0);
  const members = new Map<string, number>();
  for (const { source } of some) members.set(source, (members.get(source) ?? 0) + 1);
  let share = 0;
  for (const { source, size } of [...some].sort((a, b) => a.size - b.size)) {
    share += 1 / members.get(source)!;
    if (share >= members.size / 2 - 1e-9) return size;
  }
  return Number.POSITIVE_INFINITY;
}

function whole(
  tensors: Clippable["tensors"],
  factors: ReadonlyMap<string, number> | undefined = undefined,
): TensorSquares {
  let [numbers, squares] = [0, 0];
  for (const [name, tensor] of tensors) {
    numbers += tensor.numbers;
    squares += tensor.squares * (factors?.get(name) ?? 1) ** 2;
  }
  return { numbers, squares };
}

function sizeOf({ numbers, squares }: TensorSquares): number {
  return numbers === 0 ? 0 : Math.sqrt(squares / numbers);
}

function factor(size: number, most: number): number {
  return size > most ? most / size : 1;
}
