// A rule that is broken inside of a port, a line or a device would be taken there for trouble, which passes: it is kept
// for whoever plays.

export interface Findings {
  /** Keeps what it throws. */
  look(rule: () => void): void;
  /** The same, of what has to be waited for; it does not reject. */
  lookAt(rule: () => Promise<void>): Promise<void>;
  /** Throws what was found first. */
  check(): void;
}

export function findings(): Findings {
  let first: unknown;
  const keep = (error: unknown) => {
    first ??= error;
  };
  return {
    look(rule) {
      try {
        rule();
      } catch (error) {
        keep(error);
      }
    },
    lookAt: (rule) => rule().catch(keep),
    check() {
      if (first !== undefined) throw first;
    },
  };
}
