// A process that holds the volunteer's end of the line, and relays what goes through it: each byte half a round trip later, in its
// order, at any rate. A connection is there a round trip after it was asked for.

import { createServer, connect as open, type Socket } from "node:net";
import { answer } from "../coordinator/processes.ts";
import { delayMs } from "../overlap/shaped.ts";
import type { ToEnd } from "./messages.ts";
import { addresses, ports } from "./namespaces.ts";

/** On its way through here: far more than the line holds in this time. */
const mostHeld = 2 ** 20;

answer<ToEnd, null>(async ({ kind }) => {
  if (kind === "work") await Promise.all(Object.values(ports).map(relay));
  return null;
});

function relay(port: number): Promise<void> {
  const server = createServer({ pauseOnConnect: true, allowHalfOpen: true, noDelay: true }, (near) => {
    near.on("error", () => near.destroy());
    setTimeout(() => {
      const far = open({ host: addresses.far, port, allowHalfOpen: true, noDelay: true });
      far.on("error", () => far.destroy());
      passOn(near, far);
      passOn(far, near);
      near.resume();
    }, 2 * delayMs);
  });
  return new Promise((resolve) => server.listen(port, "127.0.0.1", resolve));
}

/** Timers of one length go off in the order that they were set. */
function passOn(from: Socket, to: Socket): void {
  let held = 0;
  const later = (work: () => void) => setTimeout(work, delayMs);
  from.on("data", (piece: Buffer) => {
    held += piece.length;
    if (held > mostHeld) from.pause();
    later(() => {
      if (to.destroyed) return;
      to.write(piece, () => {
        held -= piece.length;
        if (held <= mostHeld && from.isPaused()) from.resume();
      });
    });
  });
  from.on("end", () => later(() => to.end()));
  from.on("close", () => later(() => to.destroySoon()));
}
