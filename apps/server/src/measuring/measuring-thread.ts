// A thread in which deltas are measured.

import { parentPort } from "node:worker_threads";
import { measurer } from "@homebody/service";
import { fileReader } from "./file-reader.ts";
import type { FromThread, ToThread } from "./messages.ts";

const port = parentPort!;
const measured = measurer();
const read = fileReader();

function answerTo({ number, delta, forms }: ToThread): FromThread {
  try {
    const bytes = delta instanceof Uint8Array ? delta : read(delta);
    return { kind: "measured", number, measured: measured(bytes, forms) };
  } catch (error) {
    const { message, code } = error as NodeJS.ErrnoException;
    return { kind: "failed", number, message, ...(code === undefined ? {} : { code }) };
  }
}

port.on("message", (message: ToThread) => port.postMessage(answerTo(message)));
