// Memory that is used again and again: fresh memory costs more than many a pass over it.

interface List<T> {
  readonly length: number;
  subarray(begin: number, end: number): T;
}

/** So many numbers, with whatever was left in them: good until it is asked again. */
export type Memory<T> = (size: number) => T;

/** The same memory each time, as large as the most that was asked for. */
export function memory<T extends List<T>>(make: (size: number) => T): Memory<T> {
  let all = make(0);
  return (size) => {
    if (all.length < size) all = make(size);
    return all.subarray(0, size);
  };
}
