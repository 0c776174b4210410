// A list that its owner changes in place, and that others are shown as it was.
//
// A change costs what it changes; a showing is copied, and only if the list changed since the last one. So a thousand
// changes that nobody looks at copy nothing, and what is shown never changes and is the same array until something did.

export class ShownList<T> {
  readonly #items: T[];
  #shown: readonly T[] | undefined;

  constructor(items: readonly T[] = []) {
    this.#items = [...items];
  }

  /** To be read only until the next change. */
  get items(): readonly T[] {
    return this.#items;
  }

  /** To be changed, at once. */
  change(): T[] {
    this.#shown = undefined;
    return this.#items;
  }

  shown(): readonly T[] {
    this.#shown ??= [...this.#items];
    return this.#shown;
  }
}
