// The thread in which deltas are measured.

import { parentPort } from "node:worker_threads";
import { measurer } from "@homebody/service";
import type { FromThread, ToThread } from "./messages.ts";

const port = parentPort!;
const contentsOf = measurer();

function answerTo({ number, delta, forms }: ToThread): FromThread {
  try {
    return { kind: "measured", number, contents: contentsOf(delta, forms) };
  } catch (error) {
    return { kind: "failed", number, message: (error as Error).message };
  }
}

port.on("message", (message: ToThread) => port.postMessage(answerTo(message)));
