// Who works when: one after another, a few at once, or all who wait together.

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

export type WeighedTurns = <T>(weight: number, work: () => Promise<T>) => Promise<T>;

/** As many at once as weigh so much together; one that weighs more is at work alone. The others wait their turn. */
export function atOnce(most: number): WeighedTurns {
  let free = most;
  const waiting: { readonly weight: number; readonly begin: () => void }[] = [];
  const next = () => {
    while (waiting[0] !== undefined && waiting[0].weight <= free) {
      const { weight, begin } = waiting.shift()!;
      free -= weight;
      begin();
    }
  };
  return async (given, work) => {
    const weight = Math.min(given, most);
    await new Promise<void>((begin) => {
      waiting.push({ weight, begin });
      next();
    });
    try {
      return await work();
    } finally {
      free += weight;
      next();
    }
  };
}

/**
 * What is asked while others wait their turn is done with them, in one turn for all: `work` gives each its result, in the order in
 * which they were asked. Where it fails it has failed for all of them.
 */
export function together<Item, Result>(
  inTurn: Turns,
  work: (items: readonly Item[]) => Promise<readonly Result[]>,
): (item: Item) => Promise<Result> {
  let next: { readonly items: Item[]; readonly done: Promise<readonly Result[]> } | undefined;
  const begin = () => {
    const items: Item[] = [];
    const done = inTurn(() => {
      next = undefined;
      return work(items);
    });
    return { items, done };
  };
  return async (item) => {
    next ??= begin();
    const place = next.items.push(item) - 1;
    return (await next.done)[place]!;
  };
}
