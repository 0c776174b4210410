// The worker of a browser's helper.

import type { FromHelper, ToHelper } from "./helper.ts";
import { serveHelper } from "./helper-serve.ts";

serveHelper({
  post: (message: FromHelper, transfer) => postMessage(message, { transfer: [...transfer] }),
  onMessage: (take: (message: ToHelper) => void) => {
    addEventListener("message", ({ data }: MessageEvent<ToHelper>) => take(data));
  },
});
