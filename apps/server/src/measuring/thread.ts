// Measuring deltas of a large body beside the event loop, so that lines are served meanwhile.

import type { Worker } from "node:worker_threads";
import type { Contents, Measuring } from "@homebody/service";
import { startThread } from "../typescript-thread.ts";
import type { FromThread, ToThread } from "./messages.ts";

export interface MeasuringThread {
  readonly measure: Measuring;
  /** It is gone; what it was at comes to nothing. */
  close(): Promise<void>;
}

interface Waiting {
  readonly resolve: (contents: Contents) => void;
  readonly reject: (error: Error) => void;
}

/** Starts with the first delta, and stays. */
export function measuringThread(): MeasuringThread {
  const waiting = new Map<number, Waiting>();
  let thread: Worker | undefined;
  let last = 0;

  function heard(message: FromThread): void {
    const { resolve, reject } = waiting.get(message.number)!;
    waiting.delete(message.number);
    if (message.kind === "measured") resolve(message.contents);
    else reject(new Error(message.message));
  }

  /** All of them are lost with it. */
  function gone(error: Error): void {
    thread = undefined;
    for (const { reject } of waiting.values()) reject(error);
    waiting.clear();
  }

  function started(): Worker {
    const own = startThread("./measuring-thread.ts", import.meta.url);
    own.on("message", heard).on("error", gone);
    own.on("exit", () => {
      if (thread === own) gone(new Error("measuring: the thread ended by itself"));
    });
    return own;
  }

  return {
    measure: (delta, forms) =>
      new Promise((resolve, reject) => {
        thread ??= started();
        last += 1;
        waiting.set(last, { resolve, reject });
        thread.postMessage({ number: last, delta, forms } satisfies ToThread);
      }),
    close: async () => {
      await thread?.terminate();
    },
  };
}
