// What follows from a value that never changes is worked out once, and again for another value.

/** As `of`, but one value is asked of once: a manifest that stays is the same object as long as it stays. */
export function once<K extends object, V>(of: (value: K) => V): (value: K) => V {
  const known = new WeakMap<K, { readonly found: V }>();
  return (value) => {
    let own = known.get(value);
    if (own === undefined) {
      own = { found: of(value) };
      known.set(value, own);
    }
    return own.found;
  };
}
