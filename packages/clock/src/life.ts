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

  /** Passed on while it lives. */
  const arriving = <T>(answer: Promise<T>): Promise<T> =>
    new Promise((resolve, reject) => {
      answer.then(
        (value) => over || resolve(value),
        (error) => over || reject(error),
      );
    });

  return {
    isOver: () => over,
    end: () => {
      over = true;
    },
    clock: (clock) => ({
      ...clock,
      sleep: (ms, signal) => arriving(clock.sleep(ms, signal)),
      after: (ms, work) => clock.after(ms, () => over || work()),
      every: (ms, work) => {
        const cancel = clock.every(ms, () => (over ? cancel() : work()));
        return cancel;
      },
    }),
    port: (port, moment = () => {}) =>
      new Proxy(port, {
        get(target, name, receiver) {
          const method: unknown = Reflect.get(target, name, receiver);
          if (typeof method !== "function") return method;
          return (...args: unknown[]) => {
            if (!over) moment();
            if (over) return new Promise(() => {});
            const answer: unknown = Reflect.apply(method, target, args);
            if (!(answer instanceof Promise)) return answer;
            return arriving(
              answer.finally(() => {
                if (!over) moment();
              }),
            );
          };
        },
      }),
  };
}
