// Ctrl-C as a value: a signal that aborts once. Ctrl-C reaches a process both from the terminal and from npm, so a
// second one within a second is the same; a later one means "now".

import { setImmediate as turn } from "node:timers/promises";

export interface Interrupt {
  readonly signal: AbortSignal;
  /** Resolves when the signal came. */
  readonly came: Promise<void>;
  /** In the middle of long work: gives way to whatever waits. Rejects when the signal came. */
  breathe(): Promise<void>;
  /** Lets go of the signals. */
  release(): void;
}

const sameMs = 1000;

export function interrupt(): Interrupt {
  const controller = new AbortController();
  let firstAt = 0;
  const onSignal = (name: NodeJS.Signals) => {
    const now = Date.now();
    if (!controller.signal.aborted) {
      firstAt = now;
      controller.abort(name);
    } else if (now - firstAt > sameMs) process.exit(130);
  };
  const names: readonly NodeJS.Signals[] = ["SIGINT", "SIGTERM", "SIGHUP"];
  for (const name of names) process.on(name, onSignal);
  return {
    signal: controller.signal,
    came: new Promise((resolve) => controller.signal.addEventListener("abort", () => resolve())),
    breathe: async () => {
      await turn();
      controller.signal.throwIfAborted();
    },
    release: () => {
      for (const name of names) process.off(name, onSignal);
    },
  };
}
