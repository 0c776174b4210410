// A binary heap: what comes before everything else is on top.

export interface Heap<T> {
  push(item: T): void;
  /** Undefined when it is empty. */
  pop(): T | undefined;
}

export function heap<T>(before: (a: T, b: T) => boolean): Heap<T> {
  const items: T[] = [];
  return {
    push(item) {
      let at = items.length;
      items.push(item);
      while (at > 0) {
        const parent = (at - 1) >> 1;
        if (!before(item, items[parent]!)) break;
        items[at] = items[parent]!;
        at = parent;
      }
      items[at] = item;
    },
    pop() {
      const top = items[0];
      const item = items.pop();
      if (item === undefined || items.length === 0) return top;
      let at = 0;
      for (;;) {
        let child = at * 2 + 1;
        if (child >= items.length) break;
        if (child + 1 < items.length && before(items[child + 1]!, items[child]!)) child += 1;
        if (!before(items[child]!, item)) break;
        items[at] = items[child]!;
        at = child;
      }
      items[at] = item;
      return top;
    },
  };
}
