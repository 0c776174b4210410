// A clock in virtual time: it stands still until whoever holds it lets time pass.

import { heap, type Millis } from "@homebody/base";
import type { Cancel, Clock } from "./ports.ts";

export { type Life, life } from "./life.ts";

export interface MemoryClock extends Clock {
  /** Lets time pass, and all that is due in it happen, in order. */
  advance(ms: number): Promise<void>;
  /** Lets time pass, from one timer to the next, until it holds. Throws when `mostMs` have passed, or none is set. */
  until(what: string, holds: () => boolean, mostMs?: number): Promise<void>;
  /** No time passes while this goes on outside of it: what a machine computes, say. */
  standsStill<T>(work: Promise<T>): Promise<T>;
}

interface Timer {
  readonly at: number;
  /** Of those that are due together, the one that was set first goes first. */
  readonly nth: number;
  work: (() => void) | undefined;
}

const start = 1_000_000;
const hourMs = 3_600_000;

export function memoryClock(): MemoryClock {
  let now = start;
  let set = 0;
  const timers = heap<Timer>((a, b) => a.at < b.at || (a.at === b.at && a.nth < b.nth));
  let first = timers.pop();
  /** What goes on outside. */
  const outside = new Set<Promise<unknown>>();

  /** Timers go off as long as `due` gives one, each when everything has happened that needs no time. */
  function pass(due: () => Timer | undefined): Promise<void> {
    return new Promise((resolve, reject) => {
      const look = () => {
        if (outside.size > 0) return void Promise.allSettled(outside).then(() => whenQuiet(look));
        try {
          const timer = due();
          if (timer === undefined) return resolve();
          goOff(timer);
          whenQuiet(look);
        } catch (error) {
          reject(error);
        }
      };
      whenQuiet(look);
    });
  }

  function add(ms: number, work: () => void): Timer {
    const timer: Timer = { at: now + Math.max(0, ms), nth: set++, work };
    timers.push(timer);
    return timer;
  }

  /** The timer that is due next. */
  function next(): Timer | undefined {
    if (first !== undefined) timers.push(first);
    do first = timers.pop();
    while (first !== undefined && first.work === undefined);
    return first;
  }

  function goOff(timer: Timer): void {
    now = Math.max(now, timer.at);
    first = undefined;
    const { work } = timer;
    timer.work = undefined;
    work?.();
  }

  const clock: MemoryClock = {
    now: () => now as Millis,
    elapsed: () => now - start,
    sleep: (ms, signal) =>
      new Promise((resolve) => {
        if (signal?.aborted || ms <= 0) return resolve();
        if (signal === undefined) return void add(ms, resolve);
        const end = () => {
          cancel();
          signal?.removeEventListener("abort", end);
          resolve();
        };
        const cancel = clock.after(ms, end);
        signal?.addEventListener("abort", end);
      }),
    after: (ms, work) => {
      const timer = add(ms, work);
      return () => {
        timer.work = undefined;
      };
    },
    every: (ms, work) => {
      let cancel: Cancel;
      const again = () => {
        cancel = clock.after(ms, again);
        work();
      };
      cancel = clock.after(ms, again);
      return () => cancel();
    },
    advance: async (ms) => {
      const end = now + ms;
      await pass(() => {
        const timer = next();
        return timer !== undefined && timer.at <= end ? timer : undefined;
      });
      now = end;
    },
    until: async (what, holds, mostMs = hourMs) => {
      const end = now + mostMs;
      await pass(() => {
        if (holds()) return undefined;
        const timer = next();
        if (timer !== undefined && timer.at <= end) return timer;
        throw new Error(
          `${what}: expected within ${mostMs} ms, got ${timer ? "none" : "no timer that is set"}`,
        );
      });
    },
    standsStill: async (work) => {
      outside.add(work);
      try {
        return await work;
      } finally {
        outside.delete(work);
      }
    },
  };
  return clock;
}

/** Those of Node, whatever a test makes of them later. */
const [immediately, { nextTick }] = [setImmediate, process];

const looksAtOnce = 1000;
let looks = 0;
const settled = Promise.resolve();

/** Calls it when all that is settled by now, and what follows from it, has happened. */
function whenQuiet(look: () => void): void {
  looks += 1;
  // A tick that a promise asked for comes when no promise has anything to do any more, and costs far less than an immediate;
  // but what the machine has to say, Ctrl-C for one, is heard before an immediate alone.
  if (looks % looksAtOnce === 0) immediately(look);
  else void settled.then(() => nextTick(look));
}
