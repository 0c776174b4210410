// Measuring deltas of a large body beside the event loop, so that lines are served meanwhile. A thread reads a delta that has a file
// by itself: to give a thread a megabyte costs more than reading it.

import { availableParallelism } from "node:os";
import type { Worker } from "node:worker_threads";
import type { Measured, Measuring } from "@homebody/service";
import { startThread } from "../typescript-thread.ts";
import type { FromThread, ToThread } from "./messages.ts";

export interface MeasuringThreads {
  readonly measure: Measuring;
  /** They are gone; what they were at comes to nothing. */
  close(): Promise<void>;
}

interface Waiting {
  readonly resolve: (measured: Measured) => void;
  readonly reject: (error: Error) => void;
}

interface Thread {
  readonly worker: Worker;
  /** What it is at, by number. */
  readonly waiting: Map<number, Waiting>;
}

/** More of them than this would wait for the loop that feeds them. */
const usualMost = 4;

/** Each starts when the others are at work, `most` of them, and stays. */
export function measuringThreads(most = Math.min(availableParallelism(), usualMost)): MeasuringThreads {
  const threads = new Set<Thread>();
  let last = 0;

  function start(): Thread {
    const worker = startThread("./measuring-thread.ts", import.meta.url);
    const thread: Thread = { worker, waiting: new Map() };
    threads.add(thread);
    worker.on("message", (message: FromThread) => heard(thread, message));
    worker.on("error", (error) => gone(thread, error));
    worker.on("exit", () => gone(thread, new Error("measuring: the thread ended by itself")));
    return thread;
  }

  function heard({ waiting }: Thread, message: FromThread): void {
    const { resolve, reject } = waiting.get(message.number)!;
    waiting.delete(message.number);
    if (message.kind === "measured") resolve(message.measured);
    else reject(Object.assign(new Error(message.message), message.code && { code: message.code }));
  }

  /** All that it was at is lost with it. */
  function gone(thread: Thread, error: Error): void {
    threads.delete(thread);
    for (const { reject } of thread.waiting.values()) reject(error);
    thread.waiting.clear();
  }

  /** The one that has the least to do. */
  function next(): Thread {
    const [first] = [...threads].sort((a, b) => a.waiting.size - b.waiting.size);
    const isFree = first !== undefined && (first.waiting.size === 0 || threads.size >= most);
    return isFree ? first : start();
  }

  return {
    measure: async (from, forms) => {
      const { path, sizeBytes } = from;
      const delta = path === undefined ? await from.read() : { path, sizeBytes };
      return new Promise((resolve, reject) => {
        const { worker, waiting } = next();
        last += 1;
        waiting.set(last, { resolve, reject });
        worker.postMessage({ number: last, delta, forms } satisfies ToThread);
      });
    },
    close: async () => {
      await Promise.all([...threads].map(({ worker }) => worker.terminate()));
    },
  };
}
