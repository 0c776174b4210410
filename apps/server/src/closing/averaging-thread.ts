// The thread in which closing rounds are averaged.

import { parentPort } from "node:worker_threads";
import { systemClock } from "@homebody/clock";
import { average, deviceExchanges } from "@homebody/service";
import { folderBlobs } from "@homebody/store";
import type { FromThread, ToThread } from "./messages.ts";

const port = parentPort!;
const say = (message: FromThread) => port.postMessage(message);
let pass = () => {};

async function published({ folder, work, manifest }: Extract<ToThread, { kind: "average" }>) {
  const blobs = await folderBlobs(folder);
  return average(work, {
    ...{ manifest, blobs, clock: systemClock },
    exchangeOfDevice: deviceExchanges(() => manifest, blobs),
    faults: (point) =>
      new Promise<void>((resolve) => {
        pass = resolve;
        say({ kind: "point", point });
      }),
  });
}

port.on("message", (message: ToThread) => {
  if (message.kind === "passed") return pass();
  published(message).then(
    (published) => say({ kind: "published", published }),
    (error: Error) => say({ kind: "failed", message: error.message, stack: error.stack }),
  );
});
