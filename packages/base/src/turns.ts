// Who works when: one after another, or a few at once.

export type Turns = <T>(work: () => Promise<T>) => Promise<T>;

/** In the order in which it was asked for; what fails does not stop what comes after it. */
export function oneByOne(): Turns {
  let tail: Promise<unknown> = Promise.resolve();
  return (work) => {
    const result = tail.then(work);
    tail = result.catch(() => {});
    return result;
  };
}

/** At most so many at once; the others wait their turn. */
export function atOnce(most: number): Turns {
  let free = most;
  const waiting: (() => void)[] = [];
  return async (work) => {
    if (free > 0) free -= 1;
    else await new Promise<void>((resolve) => waiting.push(resolve));
    try {
      return await work();
    } finally {
      const next = waiting.shift();
      if (next) next();
      else free += 1;
    }
  };
}
