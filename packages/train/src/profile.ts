// What commands' times add up to.

import type { KernelTime } from "@homebody/kernels";

export interface TimeSum {
  readonly name: string;
  /** Commands, or their dispatches. */
  readonly count: number;
  readonly ms: number;
  /** Read and written. */
  readonly bytes: number;
  /** Operations. */
  readonly flops: number;
}

/** The longest first. */
export function sumTimes(
  times: readonly KernelTime[],
  nameOf: (time: KernelTime) => string,
): readonly TimeSum[] {
  const sums = new Map<string, TimeSum>();
  for (const time of times) {
    const name = nameOf(time);
    const { count, ms, bytes, flops } = sums.get(name) ?? { count: 0, ms: 0, bytes: 0, flops: 0 };
    sums.set(name, {
      name,
      count: count + 1,
      ms: ms + time.ms,
      bytes: bytes + time.bytes,
      flops: flops + time.flops,
    });
  }
  return [...sums.values()].sort((a, b) => b.ms - a.ms);
}
