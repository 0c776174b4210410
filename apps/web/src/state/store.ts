// A value that can be read, set and listened to; React reads a part of it. That is all the state that pages need,
// since the volunteer's worker and the coordinator's journal own what matters.

import { useCallback, useRef, useSyncExternalStore } from "react";

export interface Store<T> {
  get(): T;
  set(next: T): void;
  change(part: Partial<T>): void;
  /** Returns the way to stop listening. */
  subscribe(listener: () => void): () => void;
}

export function createStore<T>(initial: T): Store<T> {
  let value = initial;
  const listeners = new Set<() => void>();
  const set = (next: T) => {
    if (Object.is(next, value)) return;
    value = next;
    for (const listener of [...listeners]) listener();
  };
  return {
    get: () => value,
    set,
    change: (part) => set({ ...value, ...part }),
    subscribe(listener) {
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
  };
}

/** The part of a store that a component shows: it renders again only when that part is another value. */
export function useStore<T, Part = T>(
  store: Pick<Store<T>, "get" | "subscribe">,
  part: (value: T) => Part = (value) => value as unknown as Part,
): Part {
  const latest = useRef(part);
  latest.current = part;
  const read = useCallback(() => latest.current(store.get()), [store]);
  return useSyncExternalStore(store.subscribe, read, read);
}
