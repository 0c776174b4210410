// The life of a process in memory. It may end at any moment, and from then on nothing of it happens: its timers are gone, what
// it has asked for never arrives, and what it still asks has no effect.

import type { Clock } from "./ports.ts";

export interface Life {
  isOver(): boolean;
  end(): void;
  /** The clock as the process has it. */
  clock(clock: Clock): Clock;
  /**
   * A port as it has it. `moment` is told of each moment at which the process might end: before a call has its effect, and
   * before the answer arrives.
   */
  port<T extends object>(port: T, moment?: () => void): T;
}

export function life(): Life {
  let over = false;

  /** Passed on while it lives; `moment` comes before. */
  const arriving = <T>(answer: Promise<T>, moment = () => {}): Promise<T> =>
    new Promise((resolve, reject) => {
      const ends = () => {
        if (!over) moment();
        return over;
      };
      answer.then(
        (value) => ends() || resolve(value),
        (error) => ends() || reject(error),
      );
    });

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
      const known = new Map<unknown, unknown>();
      const alive =
        (method: (...args: unknown[]) => unknown) =>
        (...args: unknown[]): unknown => {
          if (!over) moment();
          if (over) return new Promise(() => {});
          const answer = Reflect.apply(method, port, args);
          return answer instanceof Promise ? arriving(answer, moment) : answer;
        };
      return new Proxy(port, {
        get(target, name, receiver) {
          const method: unknown = Reflect.get(target, name, receiver);
          if (typeof method !== "function") return method;
          if (!known.has(method)) known.set(method, alive(method as Parameters<typeof alive>[0]));
          return known.get(method);
        },
      });
    },
  };
}
