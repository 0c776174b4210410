// The thread of a helper in Node.

import { parentPort } from "node:worker_threads";
import type { FromHelper, ToHelper } from "./helper.ts";
import { serveHelper } from "./helper-serve.ts";

serveHelper({
  post: (message: FromHelper, transfer) => parentPort!.postMessage(message, [...transfer]),
  onMessage: (take: (message: ToHelper) => void) => {
    parentPort!.on("message", take);
  },
});
