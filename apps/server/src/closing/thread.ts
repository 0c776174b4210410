// Averaging beside the event loop: a thread that reads deltas from the blobs and writes the next body to them, so that lines
// and downloads are served while a large body closes. What it computes is what packages/service would compute here.

import { join } from "node:path";
import type { Worker } from "node:worker_threads";
import type { Averaging, Faults } from "@homebody/service";
import { startThread } from "../typescript-thread.ts";
import type { FromThread, ToThread } from "./messages.ts";

export interface AveragingThread {
  readonly average: Averaging;
  /** It is gone; what it was at comes to nothing. */
  close(): Promise<void>;
}

/** Starts with the first round that closes, and stays. `dataDir` is that of the store. */
export function averagingThread(dataDir: string, faults: Faults): AveragingThread {
  const folder = join(dataDir, "blobs");
  let thread: Worker | undefined;

  function started(): Worker {
    if (thread !== undefined) return thread;
    const own = startThread("./averaging-thread.ts", import.meta.url);
    own.on("exit", () => {
      if (thread === own) thread = undefined;
    });
    thread = own;
    return own;
  }

  return {
    average: (work, manifest) =>
      new Promise((resolve, reject) => {
        const own = started();
        const post = (message: ToThread) => own.postMessage(message);
        const end = (act: () => void) => {
          own.off("message", hear);
          own.off("error", fail);
          own.off("exit", gone);
          act();
        };
        const fail = (error: unknown) => end(() => reject(error));
        const gone = () => fail(new Error("averaging: the thread ended by itself"));
        const reach = async (point: Extract<FromThread, { kind: "point" }>["point"]) => {
          await faults(point);
          post({ kind: "passed" });
        };
        const hear = (message: FromThread) => {
          switch (message.kind) {
            case "published":
              return end(() => resolve(message.published));
            case "failed":
              return fail(new Error(message.message, { cause: message.stack }));
            case "point":
              return void reach(message.point).catch(fail);
            default:
              message satisfies never;
          }
        };
        own.on("message", hear).on("error", fail).on("exit", gone);
        post({ kind: "average", folder, work, manifest });
      }),
    close: async () => {
      await thread?.terminate();
    },
  };
}
