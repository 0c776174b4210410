// A clock in virtual time: it stands still until whoever holds it lets time pass.

import type { Millis } from "@homebody/base";
import type { Clock } from "../ports.ts";

export interface MemoryClock extends Clock {
  /** Lets time pass, and all that is due in it happen, in order. */
  advance(ms: number): Promise<void>;
  /** Lets time pass, from one sleeper to the next, until it holds. Throws when `mostMs` have passed, or nobody sleeps. */
  until(what: string, holds: () => boolean, mostMs?: number): Promise<void>;
}

interface Sleeper {
  readonly at: number;
  readonly wake: () => void;
}

const start = 1_000_000;
const hourMs = 3_600_000;

export function memoryClock(): MemoryClock {
  let now = start;
  const sleepers = new Set<Sleeper>();

  /** Of those that began first among the earliest. */
  function next(): Sleeper | undefined {
    let first: Sleeper | undefined;
    for (const sleeper of sleepers) if (first === undefined || sleeper.at < first.at) first = sleeper;
    return first;
  }

  async function wake(sleeper: Sleeper): Promise<void> {
    now = Math.max(now, sleeper.at);
    sleeper.wake();
    await quiet();
  }

  return {
    now: () => now as Millis,
    elapsed: () => now - start,
    sleep: (ms, signal) =>
      new Promise((resolve) => {
        if (signal?.aborted || ms <= 0) return resolve();
        const end = () => {
          sleepers.delete(sleeper);
          signal?.removeEventListener("abort", end);
          resolve();
        };
        const sleeper = { at: now + ms, wake: end };
        sleepers.add(sleeper);
        signal?.addEventListener("abort", end);
      }),
    advance: async (ms) => {
      const end = now + ms;
      await quiet();
      for (let first = next(); first !== undefined && first.at <= end; first = next()) await wake(first);
      now = end;
    },
    until: async (what, holds, mostMs = hourMs) => {
      const end = now + mostMs;
      await quiet();
      while (!holds()) {
        const first = next();
        if (first === undefined || first.at > end)
          throw new Error(
            `${what}: expected within ${mostMs} ms, got ${first ? "none" : "nobody who sleeps"}`,
          );
        await wake(first);
      }
    },
  };
}

/** Everything has happened that needs no time: a task comes after all that is settled by then. */
function quiet(): Promise<void> {
  return new Promise((resolve) => {
    const { port1, port2 } = new MessageChannel();
    port1.onmessage = () => {
      port1.close();
      resolve();
    };
    port2.postMessage(null);
  });
}
