// Workers in the page's own hands: what each was asked and whether it was ended, and what it says when a test tells it to.

import type { WorkerLike } from "../src/state/worker-like.ts";

export interface HeldWorker<Request, Message> {
  readonly asked: Request[];
  ended: boolean;
  tell(message: Message): void;
  fail(message: string): void;
}

/** In the order in which they were started. */
export function heldWorkers<Request, Message>() {
  const all: HeldWorker<Request, Message>[] = [];
  const start = async (): Promise<WorkerLike<Request, Message>> => {
    const listeners: { message: unknown[]; error: unknown[] } = { message: [], error: [] };
    const one: HeldWorker<Request, Message> = {
      asked: [],
      ended: false,
      tell: (data) => {
        for (const listener of listeners.message) (listener as (event: unknown) => void)({ data });
      },
      fail: (message) => {
        for (const listener of listeners.error) (listener as (event: unknown) => void)({ message });
      },
    };
    all.push(one);
    return {
      postMessage: (request) => void one.asked.push(request),
      addEventListener: (kind: "message" | "error", listener: unknown) => void listeners[kind].push(listener),
      terminate: () => {
        one.ended = true;
      },
    };
  };
  return { all, start };
}
