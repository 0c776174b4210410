// The life of a process in memory. It may end at any moment, and from then on nothing of it happens: its timers are gone, what
// it has asked for never arrives, and what it still asks has no effect.

import type { Clock } from "./ports.ts";

export interface Life {
  isOver(): boolean;
  end(): void;
  /** The clock as the process has it. */
  clock(clock: Clock): Clock;
  /**
   * A port as it has it: an object with methods of its own. `moment` is told of each moment at which the process might end: before
   * a call has its effect, and before the answer arrives.
   */
  port<T extends object>(port: T, moment?: () => void): T;
}

export function life(): Life {
  let over = false;

  const never = new Promise<never>(() => {});

  /** Passed on while it lives; `moment` comes before. */
  function arriving<T>(answer: Promise<T>, moment = () => {}): Promise<T> {
    const ends = () => {
      if (!over) moment();
      return over;
    };
    return answer.then(
      (value) => (ends() ? never : value),
      (error) => {
        if (ends()) return never;
        throw error;
      },
    );
  }

  return {
    isOver: () => over,
    end: () => {
      over = true;
    },
    clock: (clock) => ({
      ...clock,
      // Most sleeps are these, and each is kept for as long as it lasts: no more than it takes.
      sleep: (ms, signal) =>
        ms > 0 && signal === undefined
          ? new Promise((resolve) => void clock.after(ms, () => over || resolve()))
          : arriving(clock.sleep(ms, signal)),
      after: (ms, work) => clock.after(ms, () => over || work()),
      every: (ms, work) => {
        const cancel = clock.every(ms, () => (over ? cancel() : work()));
        return cancel;
      },
    }),
    port: (port, moment = () => {}) => {
      /** As the port has it when it is called. */
      const alive =
        (name: keyof typeof port) =>
        (...args: unknown[]): unknown => {
          if (!over) moment();
          if (over) return never;
          const answer = Reflect.apply(port[name] as Method, port, args);
          return answer instanceof Promise ? arriving(answer, moment) : answer;
        };
      const own = Object.entries(port).map(([name, value]) => [
        name,
        typeof value === "function" ? alive(name as keyof typeof port) : value,
      ]);
      return Object.fromEntries(own);
    },
  };
}

type Method = (...args: unknown[]) => unknown;
